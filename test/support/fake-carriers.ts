import {
  type Answered,
  type Feed,
  type FeedSink,
  type FeedState,
  type FeedStatus,
  type FetchResult,
  type Instrument,
  type InstrumentId,
  type MarketDataError,
  SourceFailedError,
  type SnapshotSource,
  type Tick,
} from '#domain';
import { aTick } from './ticks.js';

abstract class FakeCarrier {
  sink: Pick<FeedSink, 'malformed' | 'status'> | undefined;
  state: FeedState = 'live';

  constructor(
    readonly id: string,
    private readonly exchange: string,
  ) {}

  get vendor(): string {
    return this.id;
  }

  carries(instrument: Instrument): boolean {
    return instrument.exchange === this.exchange || this.exchange === '*';
  }

  status(): FeedStatus {
    return {
      id: this.id,
      vendor: this.id,
      state: this.state,
      since: 0,
      lastFrameAt: undefined,
      instruments: 0,
      unserved: 0,
      lastError: undefined,
    };
  }

  become(state: FeedState): void {
    this.state = state;
    this.sink?.status(this.status());
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}

/** A stream that says what the test says. */
export class FakeFeed extends FakeCarrier implements Feed {
  capacity = Infinity;
  wanted: string[] = [];
  /** Since when it streams each instrument; a test moves it on to show a reconnect. */
  since = new Map<InstrumentId, number>();
  now: () => number = () => 0;
  missing = new Set<InstrumentId>();
  private ticks: FeedSink | undefined;

  start(sink: FeedSink): void {
    this.sink = sink;
    this.ticks = sink;
  }

  want(instruments: readonly Instrument[]): void {
    this.wanted = instruments.map(({ id }) => id);
    this.since = new Map(this.wanted.map((id) => [id, this.since.get(id) ?? this.now()]));
  }

  streamingSince(id: InstrumentId): number | undefined {
    return this.state === 'live' ? this.since.get(id) : undefined;
  }

  unserved(): ReadonlySet<InstrumentId> {
    return this.missing;
  }

  /** Live again after a break, in which it may have missed anything. */
  reconnect(): void {
    for (const id of this.since.keys()) this.since.set(id, this.now());
    this.become('live');
  }

  say(tick: Partial<Tick>): void {
    this.ticks?.tick(aTick({ vendor: this.id, ...tick }));
  }
}

/** A vendor that is asked. It answers with `prices`, when told to. */
export class FakeSource extends FakeCarrier implements SnapshotSource {
  readonly batchSize = 2;
  perSecond = 1000;
  missing = new Set<InstrumentId>();
  readonly calls: string[][] = [];
  readonly prices = new Map<InstrumentId, number>();
  /** Time of the answers' ticks. */
  now: () => number = () => 0;
  /** Held answers wait for `release`. */
  held = false;
  private releases: (() => void)[] = [];

  start(sink: Pick<FeedSink, 'malformed' | 'status'>): void {
    this.sink = sink;
  }

  unserved(): ReadonlySet<InstrumentId> {
    return this.missing;
  }

  async fetch(instruments: readonly Instrument[], answered?: Answered): Promise<FetchResult> {
    this.calls.push(instruments.map(({ id }) => id));
    if (this.held) await new Promise<void>((resolve) => this.releases.push(resolve));
    const ticks: Tick[] = [];
    const failures = new Map<InstrumentId, MarketDataError>();
    for (const { id } of instruments) {
      const price = this.prices.get(id);
      if (price === undefined) failures.set(id, new SourceFailedError(this.id, `no price of ${id}`));
      else ticks.push(aTick({ instrument: id, vendor: this.id, price, receivedAt: this.now() }));
    }
    for (const instrument of instruments) {
      const outcome = failures.get(instrument.id) ?? ticks.find((tick) => tick.instrument === instrument.id);
      if (outcome !== undefined) answered?.(instrument, outcome);
    }
    return { ticks, failures };
  }

  release(): void {
    for (const release of this.releases.splice(0)) release();
  }
}
