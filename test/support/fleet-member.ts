import { CacheKeys, LastValueStore, RecentUpdates, RedisMirror, ReplayBuffer } from '#cache';
import { Encodings } from '#compression';
import {
  Epoch,
  InstrumentMaster,
  type Quote,
  quoteOf,
  silentLog,
  silentMeter,
  systemClock,
  type TickInput,
  tick,
} from '#domain';
import {
  ActiveSymbolsJob,
  Arrivals,
  Demand,
  FeedSupervisor,
  Freshness,
  QuotePipeline,
  Refresher,
  Rejections,
  VendorValues,
} from '#fetcher';
import { FleetConfig, type OwnerState, type Tenure } from '#fleet';
import { RedisConfig, RedisConnection } from '#redis';
import { Conflator, Hub } from '#subscription';
import { type UpdateLife, wireUpdates } from '../../apps/server/src/update-wiring.js';
import { checkFreshness, type Parts, wire } from '../../apps/server/src/wiring.js';
import { FakeFeed } from './fake-carriers.js';
import { anInstrument } from './instruments.js';

const CONFLATION_MS = 5;
const clock = systemClock;

/** A node's tick path and its part in the fleet, without doors: whether it is the owner is for the test to say. */
export class FleetMember {
  readonly parts: Parts;
  readonly updates: UpdateLife;
  readonly redis: RedisConnection;
  readonly values: VendorValues;
  readonly feed = new FakeFeed('stream', '*');
  /** Terms somebody has proved to be later than this node's. */
  readonly steppedOver: number[] = [];
  /** Whether the lease counts, while it is the owner. */
  state: OwnerState = 'owner';

  constructor(
    readonly name: string,
    redisUrl: string,
    ids: readonly string[],
    keyPrefix = '',
  ) {
    const master = new InstrumentMaster(ids.map((id) => anInstrument({ id })));
    const epoch = new Epoch(`${name}-alone`);
    const lastValues = new LastValueStore(master, epoch);
    const replay = new ReplayBuffer(clock, { keepMs: 60_000, maxBytes: 10_000_000 });
    const backpressure = { probeIntervalMs: 1000, slowAfterMs: 60_000, slowDisconnectMs: 600_000, outboxMaxBytes: 1e7 };
    const hubOptions = { backpressure, maxSymbolsPerClient: 1000, heartbeatIntervalMs: 25_000, idleTimeoutMs: 1e9 };
    const hub = new Hub(lastValues, replay, new Encodings(epoch), clock, hubOptions, silentMeter);
    const demand = new Demand(clock, { hotFrom: 3, watchMs: 60_000 }, [], (id) => hub.subscriptions.count(id));
    const supervisor = new FeedSupervisor([this.feed], master, lastValues, demand, silentLog, clock);
    const conflator = new Conflator(clock, CONFLATION_MS, silentMeter);
    const arrivals = new Arrivals(clock);
    const rejections = new Rejections(clock, silentMeter);
    const limits = { band: 1e9, maxAheadMs: 5000 };
    const pipeline = new QuotePipeline(lastValues, conflator, rejections, arrivals, limits, silentMeter);
    const refresher = new Refresher(pipeline, clock, silentMeter);
    const intervals = { hot: 2000, normal: 5000, watched: 15_000 };
    const isTrading = (): boolean => true;
    const job = new ActiveSymbolsJob(
      demand,
      supervisor,
      refresher,
      clock,
      { intervals, closedIntervalMs: 0, isTrading },
      2000,
    );
    const options = { staleAfterMs: 15_000, liveForMs: 10_000, isTrading };
    const freshness = new Freshness(supervisor, clock, options, (...news) => hub.publishStatus(...news));
    const recent = new RecentUpdates(clock, 50, 60_000);
    const mirror = new RedisMirror(lastValues, new CacheKeys(keyPrefix), clock, silentLog, {
      everyMs: 0,
      ttlMs: 60_000,
    });
    this.values = new VendorValues(supervisor, refresher, arrivals, demand, freshness, clock, 20_000);
    this.parts = { supervisor, pipeline, conflator, lastValues, hub, recent, replay, mirror, demand, job, freshness };

    this.redis = new RedisConnection(
      Object.assign(new RedisConfig(), { redisUrl, redisTimeoutMs: 2000 }),
      clock,
      silentLog,
    );
    const stateNow = (): OwnerState => this.state;
    const ownership = {
      get state() {
        return stateNow();
      },
      steppedOver: (term: number) => void this.steppedOver.push(term),
    };
    const fleet = { redis: this.redis, config: new FleetConfig(), ownership };
    wire(this.parts);
    this.updates = wireUpdates(this.parts, arrivals, fleet, { keyPrefix, replayMs: 60_000 }, clock, silentLog);
    demand.onChange(() => this.tellDemand());
    supervisor.ingest(false);
    this.updates.start();
  }

  get hub(): Hub {
    return this.parts.hub;
  }

  get isAttached(): boolean {
    return this.parts.freshness.elsewhere !== undefined && this.hub.epoch !== `${this.name}-alone`;
  }

  /** Begins a tenure, as winning the lease does. */
  async own(term: number, tenure: Partial<Tenure> = {}): Promise<void> {
    await this.updates.begin({ term, epoch: `${this.name}-${term}`, isNew: true, ...tenure });
    this.parts.supervisor.ingest(true);
  }

  standBy(): void {
    this.parts.supervisor.ingest(false);
    this.updates.end();
  }

  /** A vendor says something. */
  tick(id: string, given: Partial<TickInput>): void {
    this.parts.pipeline.tick(tick({ instrument: id, vendor: 'stream', receivedAt: clock.now(), ...given }));
  }

  /** What goes out with the window, without waiting for it. */
  flush(): void {
    this.parts.conflator.flush();
  }

  checkFreshness(): void {
    checkFreshness(this.parts);
  }

  /** Where the published quote is. */
  position(id: string): { epoch: string; sequence: number; quote: Quote } | undefined {
    const state = this.parts.lastValues.peek(id);
    if (state === undefined || state.sequence === 0) return undefined;
    const quote = quoteOf(state.instrument, state.values, state.source);
    return { epoch: this.hub.epoch, sequence: state.sequence, quote };
  }

  stop(): void {
    this.updates.stop();
    this.parts.conflator.stop();
    this.hub.stop();
    this.redis.close();
  }

  private tellDemand(): void {
    this.updates.want(this.parts.demand.own());
  }
}
