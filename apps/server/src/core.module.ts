import { type DynamicModule, Module } from '@nestjs/common';
import {
  CLOCK,
  type Clock,
  Epoch,
  ExchangeCalendar,
  InstrumentMaster,
  LOG,
  type Log,
  METER,
  type Meter,
} from '#domain';

export interface Core {
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Meter;
  readonly master: InstrumentMaster;
  readonly calendar: ExchangeCalendar;
  readonly epoch: Epoch;
}

/** The ports every module may use. */
@Module({})
export class CoreModule {
  static register({ clock, log, meter, master, calendar, epoch }: Core): DynamicModule {
    const providers = [
      { provide: CLOCK, useValue: clock },
      { provide: LOG, useValue: log },
      { provide: METER, useValue: meter },
      { provide: InstrumentMaster, useValue: master },
      { provide: ExchangeCalendar, useValue: calendar },
      { provide: Epoch, useValue: epoch },
    ];
    return { module: CoreModule, global: true, providers, exports: providers };
  }
}
