import type {
  Cancel,
  Clock,
  EpochMs,
  Feed,
  FeedSink,
  FeedState,
  FeedStatus,
  Instrument,
  InstrumentId,
  InstrumentMaster,
} from '#domain';
import { InvalidSymbolError } from '#domain';
import type { OutsideChannels } from './outside-channels.js';
import type { OutsideErrors } from './outside-errors.js';
import type { PublisherConfig } from './publisher.config.js';
import { PUBLISHERS, readUpdate, tickOf, updatesOf } from './publisher-messages.js';
import { PublisherPresence } from './publisher-presence.js';
import type { PublisherTally } from './publisher-tally.js';

const SWEEP_MS = 1000;
/** Many symbols begin in one moment; each change has all instruments distributed anew. */
const GATHER_MS = 100;
/** Listening goes on for so long when nothing is wanted any more: who publishes what is worth knowing when a vendor fails. */
const LINGER_MS = 60_000;
/** A refused update that says nothing against its publisher. */
const NO_FAULT: ReadonlySet<string> = new Set(['paused']);

/** Quotes that programs outside publish in Redis, as one more vendor. Listens only while something is wanted of it. */
export class PublisherFeed implements Feed {
  readonly id = PUBLISHERS;
  readonly vendor = PUBLISHERS;
  readonly capacity = Infinity;

  private wanted: ReadonlySet<InstrumentId> = new Set();
  private readonly presence: PublisherPresence;
  private sink: FeedSink | undefined;
  /** Undefined while nobody listens. */
  private listensSince: EpochMs | undefined;
  private isSubscribed = false;
  private isStopped = false;
  private idleSince: EpochMs | undefined;
  private told: { state: FeedState; since: EpochMs; unserved: number };
  private cancelSweep: Cancel | undefined;
  private cancelNote: Cancel | undefined;

  constructor(
    private readonly channels: OutsideChannels,
    private readonly channel: string,
    private readonly master: InstrumentMaster,
    private readonly errors: OutsideErrors,
    private readonly tally: PublisherTally,
    private readonly config: PublisherConfig,
    private readonly clock: Clock,
  ) {
    this.presence = new PublisherPresence(master, config.publisherSilenceMs, clock);
    this.told = { state: 'idle', since: clock.now(), unserved: 0 };
  }

  carries({ id }: Instrument): boolean {
    return this.master.get(id) !== undefined;
  }

  start(sink: FeedSink): void {
    this.sink = sink;
  }

  want(instruments: readonly Instrument[]): void {
    this.wanted = new Set(instruments.map(({ id }) => id));
    this.presence.wantOnly(this.wanted);
    if (this.wanted.size > 0) {
      this.idleSince = undefined;
      this.listen();
    } else if (this.listensSince !== undefined) this.idleSince ??= this.clock.now();
  }

  streamingSince(id: InstrumentId): EpochMs | undefined {
    return this.presence.streamingSince(id);
  }

  /** Also what is not wanted now, so that a vendor is not given what it would not bring. */
  unserved(): ReadonlySet<InstrumentId> {
    return this.presence.silent;
  }

  status(): FeedStatus {
    const { id, vendor, wanted } = this;
    const state = this.state();
    const { since } = state === this.told.state ? this.told : { since: this.clock.now() };
    const lastError = state === 'down' ? 'Redis is away' : state === 'stalled' ? 'nobody publishes' : undefined;
    const lastFrameAt = this.presence.last;
    return { id, vendor, state, since, lastFrameAt, instruments: wanted.size, lastError, unserved: this.missing() };
  }

  stop(): Promise<void> {
    this.isStopped = true;
    this.sink = undefined;
    this.leave();
    return Promise.resolve();
  }

  private listen(): void {
    if (this.listensSince !== undefined || this.isStopped) return;
    this.listensSince = this.clock.now();
    this.channels.listen(this.channel, {
      heard: (text) => this.heard(text),
      subscribed: () => this.subscribed(),
      lost: () => this.lost(),
    });
    this.cancelSweep = this.clock.after(SWEEP_MS, () => this.sweep());
  }

  private leave(): void {
    if (this.listensSince === undefined) return;
    this.listensSince = undefined;
    this.isSubscribed = false;
    this.idleSince = undefined;
    this.cancelSweep?.();
    this.cancelNote?.();
    this.cancelNote = undefined;
    this.channels.leave(this.channel);
    this.presence.end();
    this.note();
  }

  private subscribed(): void {
    this.isSubscribed = true;
    this.presence.begin();
    this.note();
  }

  private lost(): void {
    if (!this.isSubscribed) return;
    this.isSubscribed = false;
    this.presence.end();
    this.note();
  }

  private sweep(): void {
    if (this.idleSince !== undefined && this.clock.now() - this.idleSince >= LINGER_MS) return this.leave();
    this.cancelSweep = this.clock.after(SWEEP_MS, () => this.sweep());
    this.presence.sweep();
    this.note();
  }

  private heard(text: string): void {
    let updates: readonly unknown[];
    try {
      updates = updatesOf(text, this.config.publisherMaxChars);
    } catch (error) {
      return this.errors.failed({ channel: this.channel, text: () => text }, error);
    }
    let isNews = !this.presence.isAlive;
    for (const given of updates) if (this.take(given, updates.length === 1 ? text : undefined)) isNews = true;
    if (!isNews) return;
    this.cancelNote ??= this.clock.after(GATHER_MS, () => {
      this.cancelNote = undefined;
      this.note();
    });
  }

  /** @returns whether its instrument had been silent */
  private take(given: unknown, text: string | undefined): boolean {
    const about = { channel: this.channel, text: (): string => text ?? JSON.stringify(given) };
    try {
      const update = readUpdate(given);
      const { symbol, source, id } = update;
      if (this.master.get(symbol) === undefined) throw new InvalidSymbolError(symbol);
      const isWanted = this.wanted.has(symbol);
      const now = this.clock.now();
      const refused = isWanted ? this.sink?.tick(tickOf(update, now)) : undefined;
      this.tally.count(source, refused !== undefined ? 'refused' : isWanted ? 'accepted' : 'unwanted');
      if (refused !== undefined) this.errors.refused({ ...about, id, source }, refused);
      return (refused === undefined || NO_FAULT.has(refused)) && this.presence.heard(symbol, now, isWanted);
    } catch (error) {
      const { id, source } = labelsOf(given);
      this.tally.count(source, 'malformed');
      this.errors.failed({ ...about, id, source }, error);
      return false;
    }
  }

  private state(): FeedState {
    if (this.listensSince === undefined) return 'idle';
    if (!this.isSubscribed) return this.clock.now() - this.listensSince < SWEEP_MS ? 'connecting' : 'down';
    if (this.presence.last === undefined) return 'connecting';
    return this.presence.isAlive ? 'live' : 'stalled';
  }

  private missing(): number {
    const { silent } = this.presence;
    let missing = 0;
    for (const id of this.wanted) if (silent.has(id)) missing++;
    return missing;
  }

  private note(): void {
    const { state, since, unserved } = this.status();
    if (state === this.told.state && unserved === this.told.unserved) return;
    this.told = { state, since, unserved };
    this.sink?.status(this.status());
  }
}

/** What an update that cannot be read calls itself. */
function labelsOf(given: unknown): { id?: string; source?: string } {
  if (typeof given !== 'object' || given === null) return {};
  const { id, source } = given as Record<string, unknown>;
  return { ...(typeof id === 'string' && { id }), ...(typeof source === 'string' && { source }) };
}
