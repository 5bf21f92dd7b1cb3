import {
  type Clock,
  type EpochMs,
  type Feed,
  type FeedSink,
  type FeedState,
  type FeedStatus,
  type Instrument,
  type InstrumentId,
  type Recording,
  type ReplayControl,
  type ReplayProgress,
  type Tick,
  tick,
  type VendorId,
} from '#domain';
import { Counts } from './counts.js';
import { EventTimes } from './event-times.js';
import { type PlayerOptions, ReplayPlayer } from './replay-player.js';

/** Source of every replayed quote: a price of another day never stands under the name of a vendor that is live. */
export const REPLAY: VendorId = 'replay';

const NOTHING: ReadonlySet<InstrumentId> = new Set();
const STATES: Readonly<Record<ReplayProgress['state'], FeedState>> = {
  loading: 'connecting',
  playing: 'live',
  paused: 'live',
  ended: 'idle',
  failed: 'down',
};

/**
 * A recording as a vendor's stream. Event times stay those of the recording; received its ticks are when they are told, so that freshness
 * counts as for any stream. All that the recording holds is told, wanted or not: whoever comes later finds the day's values.
 */
export class ReplayFeed implements Feed {
  readonly id = REPLAY;
  readonly vendor = REPLAY;
  readonly capacity = Infinity;
  readonly control: ReplayControl;

  private readonly player: ReplayPlayer;
  private readonly symbols: ReadonlySet<InstrumentId>;
  private readonly eventTimes = new EventTimes();
  private readonly counts = new Counts();
  private sink: FeedSink | undefined;
  private state: FeedState = 'connecting';
  private since: EpochMs;
  private streamingFrom: EpochMs;
  private lastFrameAt: EpochMs | undefined;
  private wanted = 0;

  /** @param symbols none for all */
  constructor(
    recording: Recording,
    options: PlayerOptions,
    symbols: readonly InstrumentId[],
    private readonly clock: Clock,
  ) {
    this.symbols = new Set(symbols);
    this.since = clock.now();
    this.streamingFrom = this.since;
    this.player = new ReplayPlayer(recording, options, clock, {
      tell: (recorded) => this.tell(recorded),
      rewound: () => {
        this.eventTimes.clear();
        this.counts.clear();
      },
      changed: () => this.changed(),
    });
    this.control = this.player;
  }

  carries({ id }: Instrument): boolean {
    return this.symbols.size === 0 || this.symbols.has(id);
  }

  start(sink: FeedSink): void {
    this.sink = sink;
    this.player.start();
  }

  want(instruments: readonly Instrument[]): void {
    this.wanted = instruments.length;
  }

  streamingSince(): EpochMs | undefined {
    return this.state === 'live' ? this.streamingFrom : undefined;
  }

  unserved(): ReadonlySet<InstrumentId> {
    return NOTHING;
  }

  status(): FeedStatus {
    const { id, vendor, state, since, lastFrameAt, wanted: instruments } = this;
    return { id, vendor, state, since, lastFrameAt, instruments, lastError: this.player.progress().error, unserved: 0 };
  }

  stop(): Promise<void> {
    this.player.stop();
    return Promise.resolve();
  }

  private tell(recorded: Tick): void {
    const now = this.clock.now();
    this.lastFrameAt = now;
    const eventTime = this.eventTimes.of(recorded);
    this.sink?.tick(
      tick({ ...recorded, vendor: REPLAY, receivedAt: now, eventTime, volume: this.counts.of(recorded) }),
    );
  }

  private changed(): void {
    const state = STATES[this.player.progress().state];
    if (state === this.state) return;
    this.state = state;
    this.since = this.clock.now();
    if (state === 'live') this.streamingFrom = this.since;
    this.sink?.status(this.status());
  }
}
