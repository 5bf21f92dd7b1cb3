import type { EngineLife } from './engine-life.js';
import type { EngineState, QueryLimits, QueryParams } from './history-engine.js';
import { rowsOf } from './rows.js';

/** What every engine says of itself and of its rows in the same way. */
export abstract class LivingEngine {
  protected abstract readonly life: EngineLife;

  get state(): EngineState {
    return this.life.state;
  }

  get problem(): string | undefined {
    return this.life.problem;
  }

  onState(listener: (state: EngineState) => void): void {
    this.life.onState(listener);
  }

  ready(): Promise<void> {
    return this.life.ready();
  }

  async rows<T>(sql: string, params?: QueryParams, limits?: QueryLimits): Promise<T[]> {
    return rowsOf<T>(await this.bytes(sql, 'JSONEachRow', params, limits));
  }

  abstract bytes(sql: string, format: string, params?: QueryParams, limits?: QueryLimits): Promise<Buffer>;
}
