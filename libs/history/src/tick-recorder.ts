import type { Instrument, Tick } from '#domain';

/** What a recorder needs to know of the state a tick was merged into. */
export interface RecordedState {
  readonly instrument: Instrument;
  /** Small integer that names the instrument, the same for the life of the process. */
  readonly wireId: number;
}

/** Someone who writes down what was merged: the shape of the pipeline's recorder. */
export interface TickRecorder {
  /** @param volume its count of the day, if that is believed */
  accepted(tick: Tick, volume: number | undefined, state: RecordedState): void;
  /** A tick that was refused for being older than the value, and is good otherwise. */
  late(tick: Tick, state: RecordedState): void;
}
