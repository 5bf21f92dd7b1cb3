import {
  type Cancel,
  type Clock,
  type EpochMs,
  InvalidMessageError,
  type Recording,
  type RecordingSpan,
  type ReplayControl,
  type ReplayProgress,
  type ReplaySpeed,
  type Tick,
} from '#domain';
import { ReadAhead } from './read-ahead.js';
import { ReplayTime } from './replay-time.js';

export interface PlayerOptions {
  readonly speed: ReplaySpeed;
  /** Whether the end is followed by the beginning. */
  readonly loop: boolean;
}

/** What a player does with what it reads. */
export interface PlayerListener {
  tell(tick: Tick): void;
  /** What follows is not later than what was told: a seek, or a new lap. */
  rewound(): void;
  /** It has begun, ended or failed. */
  changed(): void;
}

/** Ticks told before others get a turn: a few milliseconds of work. */
const PER_TURN = 1000;
/** At a high speed a tick is nearly always due: this often those that are, are told together, ms. */
const TURN_MS = 5;
/** Timers know no longer pauses than 24 days. */
const LONGEST_PAUSE_MS = 60_000;

/** Tells the ticks of a recording when they are due by the recording's clock. */
export class ReplayPlayer implements ReplayControl {
  private readonly time: ReplayTime;
  private readonly reader: ReadAhead;
  private timer: Cancel | undefined;
  private readonly rewindListeners: (() => void)[] = [];
  private stage: 'loading' | 'playing' | 'ended' | 'failed' = 'loading';
  private isPaused = false;
  /** Where the recording's clock begins; undefined for its first tick. */
  private startAt: EpochMs | undefined;
  private lastTold: EpochMs | undefined;
  private ticks = 0;
  private lap = 0;
  private isLapEmpty = true;
  private error: string | undefined;

  constructor(
    private readonly recording: Recording,
    private readonly options: PlayerOptions,
    private readonly clock: Clock,
    private readonly listener: PlayerListener,
  ) {
    this.time = new ReplayTime(clock, options.speed);
    this.reader = new ReadAhead(
      recording,
      () => this.turn(),
      (error) => this.fail(error),
    );
  }

  start(): void {
    this.begin(undefined);
  }

  stop(): void {
    this.timer?.();
    this.reader.close();
  }

  progress(): ReplayProgress {
    const { ticks, lap, error, stage } = this;
    const state = this.isPaused && (stage === 'loading' || stage === 'playing') ? 'paused' : stage;
    const next = stage === 'playing' ? this.reader.peek() : undefined;
    const now = this.time.now();
    return {
      recording: this.recording.name,
      state,
      speed: this.time.speed,
      position: this.position(),
      ticks,
      lap,
      behindMs: next === undefined || now === Infinity ? 0 : Math.max(0, Math.round(now - next.receivedAt)),
      error,
    };
  }

  pause(): void {
    if (this.isPaused) return;
    this.isPaused = true;
    this.timer?.();
    if (this.stage === 'playing') this.time.halt(this.position() ?? 0);
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    if (this.stage === 'playing') this.time.run();
    this.turnSoon();
  }

  seek(to: EpochMs): void {
    const { span } = this.recording;
    if (!Number.isFinite(to) || (span !== undefined && (to < span.from || to >= span.to)))
      throw new InvalidMessageError(
        `to must be a time of the recording${span === undefined ? '' : `, ${textOf(span)}`}`,
      );
    this.rewind();
    this.begin(to);
  }

  setSpeed(speed: ReplaySpeed): void {
    this.time.setSpeed(speed, this.position() ?? 0);
    this.turnSoon();
  }

  onRewind(listener: () => void): void {
    this.rewindListeners.push(listener);
  }

  private begin(at: EpochMs | undefined): void {
    this.timer?.();
    this.time.halt(at ?? 0);
    this.stage = 'loading';
    this.error = undefined;
    this.startAt = at;
    this.lastTold = undefined;
    // behind the last tick there is nothing, and before it there may be much
    this.isLapEmpty = at === undefined;
    this.reader.open(at ?? -Infinity);
    this.listener.changed();
  }

  /** Where the recording's clock stands; at speed `max`, and after the end, the last tick told. */
  private position(): EpochMs | undefined {
    if (this.stage === 'loading') return this.startAt;
    const now = this.time.now();
    return this.stage !== 'playing' || now === Infinity ? this.lastTold : Math.round(now);
  }

  private turnSoon(): void {
    this.timer?.();
    this.timer = this.clock.after(0, () => this.turn());
  }

  /** Tells what is due. */
  private turn(): void {
    this.timer?.();
    if (this.isPaused || this.stage === 'ended' || this.stage === 'failed') return;
    let tick = this.reader.peek();
    if (tick === undefined) return this.awaitMore();
    if (this.stage === 'loading') this.play(this.startAt ?? tick.receivedAt);
    const now = this.time.now();
    let left = PER_TURN;
    for (; tick !== undefined && tick.receivedAt <= now && left > 0; left--) {
      this.reader.take();
      this.lastTold = tick.receivedAt;
      this.ticks++;
      this.isLapEmpty = false;
      this.listener.tell(tick);
      tick = this.reader.peek();
    }
    if (tick === undefined) return this.awaitMore();
    const dueMs = Math.min(Math.ceil(this.time.until(tick.receivedAt)), LONGEST_PAUSE_MS);
    const pauseMs = left === 0 ? 0 : Math.max(TURN_MS, dueMs);
    this.timer = this.clock.after(pauseMs, () => this.turn());
  }

  private awaitMore(): void {
    // never ends at once: a recording read from memory could go round and round without giving others a turn
    if (this.reader.isDone) this.timer = this.clock.after(0, () => this.end());
  }

  private play(from: EpochMs): void {
    this.time.set(from);
    this.time.run();
    this.stage = 'playing';
    this.listener.changed();
  }

  private end(): void {
    if (this.options.loop && !this.isLapEmpty) {
      this.lap++;
      this.rewind();
      this.begin(undefined);
      return;
    }
    this.time.halt(this.lastTold ?? 0);
    this.stage = 'ended';
    this.listener.changed();
  }

  private fail(error: unknown): void {
    this.timer?.();
    this.time.halt(this.position() ?? 0);
    this.stage = 'failed';
    this.error = error instanceof Error ? error.message : String(error);
    this.listener.changed();
  }

  private rewind(): void {
    this.listener.rewound();
    for (const listener of this.rewindListeners) listener();
  }
}

function textOf({ from, to }: RecordingSpan): string {
  return `${new Date(from).toISOString()} to ${new Date(to).toISOString()}`;
}
