import { type DynamicModule, Module } from '@nestjs/common';
import { CLOCK, type Clock, ExchangeCalendar } from '#domain';
import { CandleBase } from './candle-base.js';
import { CandleRepository } from './candle-repository.js';
import type { History } from './create-history.js';
import { HistoryHealth } from './history-health.js';
import type { QueryConfig } from './query.config.js';
import { QueryService } from './query-service.js';
import { TickRepository } from './tick-repository.js';
import { HistoryWriter } from './writer/history-writer.js';

/** Token of the `HistoryEngine`. */
export const HISTORY_ENGINE = Symbol('HistoryEngine');

/** The engine, and what reads from it. Without history nothing of it is there: whoever can do without asks for it as optional. */
@Module({})
export class HistoryModule {
  static register(history: History | undefined, calendar: ExchangeCalendar, queries: QueryConfig): DynamicModule {
    const query = {
      provide: QueryService,
      useFactory: (clock: Clock) => new QueryService(history?.engine, queries, clock),
      inject: [CLOCK],
    };
    if (history === undefined) return { module: HistoryModule, global: true, providers: [query], exports: [query] };
    const { engine, writer, health } = history;
    const settle = (): Promise<void> => writer.settle();
    const providers = [
      query,
      { provide: HISTORY_ENGINE, useValue: engine },
      { provide: HistoryWriter, useValue: writer },
      { provide: HistoryHealth, useValue: health },
      {
        provide: CandleRepository,
        useFactory: (clock: Clock) => new CandleRepository(new CandleBase(engine), calendar, clock, settle),
        inject: [CLOCK],
      },
      { provide: TickRepository, useFactory: () => new TickRepository(engine, settle) },
    ];
    return { module: HistoryModule, global: true, providers, exports: providers };
  }
}
