import type { InstrumentId } from './instrument.js';
import type { Tick } from './tick.js';
import type { EpochMs } from './time.js';

/** Times of receipt between which a recording lies. */
export interface RecordingSpan {
  readonly from: EpochMs;
  /** Not included. */
  readonly to: EpochMs;
}

/** Ticks as they were recorded. */
export interface Recording {
  /** What it is of, for people: a day, or a file's name. */
  readonly name: string;
  /** Undefined while it is not known: a file says it with its first tick. */
  readonly span?: RecordingSpan | undefined;
  /**
   * Its ticks from a time of receipt on, in the order in which they were received, a bounded number at a time. Nothing is read ahead of
   * the reader's asking; a reader may leave.
   * @throws MarketDataError where it cannot be read
   */
  pages(from: EpochMs): AsyncIterable<readonly Tick[]>;
}

/** What is to be read of a recording. */
export interface WantedRecording {
  /** Day by the clock of `timeZone`, `2026-11-20`; undefined where a file is named. */
  readonly date: string | undefined;
  /** CSV, gzipped CSV or Parquet; undefined for what history holds. */
  readonly file: string | undefined;
  /** A running server to ask instead of the history at hand. */
  readonly url: string | undefined;
  /** For that server. */
  readonly apiKey: string | undefined;
  /** None for all. */
  readonly symbols: readonly InstrumentId[];
  /** Times of the day, `09:15`; undefined for its beginning and end. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly timeZone: string;
}

export type ReplaySpeed = number | 'max';

export interface ReplayProgress {
  readonly recording: string;
  /** `ended`: all has been told, and nothing follows. `failed`: the recording cannot be read. */
  readonly state: 'loading' | 'playing' | 'paused' | 'ended' | 'failed';
  readonly speed: ReplaySpeed;
  /** Where it is, by the recording's clock, Unix ms; undefined before the first tick. */
  readonly position: EpochMs | undefined;
  readonly ticks: number;
  /** Times the recording was begun anew. */
  readonly lap: number;
  /** How far it is behind where it should be, ms of the recording. */
  readonly behindMs: number;
  readonly error: string | undefined;
}

/** A recording that runs as a feed, and how an operator leads it. */
export interface ReplayControl {
  progress(): ReplayProgress;
  pause(): void;
  resume(): void;
  /** Goes on from a time of the recording's clock. @throws InvalidMessageError if the recording has no such time */
  seek(to: EpochMs): void;
  setSpeed(speed: ReplaySpeed): void;
  /** Called before a seek and before a new lap: what was told so far is not to be compared with what follows. */
  onRewind(listener: () => void): void;
}
