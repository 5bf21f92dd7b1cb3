import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type InstrumentId, readEnv, silentLog, silentMeter, systemClock, type Tick } from '#domain';
import { createHistory, type History, HistoryConfig } from '#history';
import { anInstrument } from './instruments.js';

/** A tick as the pipeline tells it, and whether as one that came too late to be merged. */
export interface ToldTick {
  readonly tick: Tick;
  readonly late: boolean;
}

/** The embedded engine with its tables and its writer, in a folder of its own. */
export class HistoryBench {
  private symbols = 0;

  private constructor(
    readonly history: History,
    private readonly folder: string,
  ) {}

  static async start(): Promise<HistoryBench> {
    const folder = await mkdtemp(join(tmpdir(), 'tickwire-history-'));
    const config = readEnv(HistoryConfig, { HISTORY: 'embedded', HISTORY_DIR: folder, HISTORY_FLUSH_MS: '1000' });
    const history = createHistory(config, true, systemClock, silentLog, silentMeter);
    if (history === undefined) throw new Error('history is off');
    await history.engine.ready();
    return new HistoryBench(history, folder);
  }

  /** Writes the ticks of a symbol that nobody else has, and says which. */
  async write(...told: readonly (readonly ToldTick[])[]): Promise<InstrumentId> {
    const wireId = this.symbols++;
    const instrument = anInstrument({ id: `NSE:A${wireId}` });
    const { writer } = this.history;
    for (const { tick, late } of told.flat()) {
      if (late) writer.late(tick, { instrument, wireId });
      else writer.accepted(tick, tick.volume, { instrument, wireId });
    }
    await writer.settle();
    return instrument.id;
  }

  async stop(): Promise<void> {
    await this.history.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
