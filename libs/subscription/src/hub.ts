import type { LastValueStore, QuoteState, ReplayBuffer } from '#cache';
import { type Encodings, type Format, type Framing, type MessageEncoder, messageEncoder } from '#compression';
import {
  ALL_FIELDS_MASK,
  type Clock,
  type Delta,
  fieldBit,
  F,
  type Histogram,
  type Instrument,
  type InstrumentId,
  InvalidMessageError,
  InvalidSymbolError,
  type Meter,
  SOURCE_BIT,
} from '#domain';
import type { QuoteStatus, RejectedSymbol, SubscribeMessage } from '#protocol';
import { Channels } from './channels/channels.js';
import { type BackpressurePolicy, Client, type DeliveryCounts } from './client.js';
import { Pacer } from './pacer.js';
import type { Group, Subscription, SubscriptionOptions } from './subscription.js';
import { Subscriptions } from './subscriptions.js';
import type { Wire } from './wire.js';

export interface HubOptions {
  readonly backpressure: BackpressurePolicy;
  readonly maxSymbolsPerClient: number;
  readonly heartbeatIntervalMs: number;
  readonly idleTimeoutMs: number;
}

/** What a subscribe request came to. */
export interface SubscribeResult {
  readonly accepted: readonly Subscription[];
  readonly rejected: readonly RejectedSymbol[];
}

/** Where changes are that were published by another node. */
export interface Recovery {
  /** Whether there may be any. */
  readonly isPossible: boolean;
  /**
   * Brings the changes after the given sequences to where they can be replayed from, as far as there are any. Never rejects, and takes
   * less than a reader notices.
   */
  fetch(epoch: string, positions: ReadonlyMap<InstrumentId, number>): Promise<void>;
}

/** Numbers since start, read by the metrics. */
export interface HubCounts extends DeliveryCounts {
  /** Updates handed to clients. */
  updates: number;
  /** Times an update was encoded; far below `updates` when clients share encodings. */
  encoded: number;
  snapshots: number;
  /** Missed changes sent to clients that returned. */
  replayed: number;
}

/** Changes of one symbol, and of all symbols of a request, that are replayed at most; past that a snapshot serves everybody better. */
const MAX_REPLAYED_OF_SYMBOL = 500;
const MAX_REPLAYED = 2000;

const LTP_MASK = (1 << F.price) | (1 << F.timestamp) | (1 << F.stale);

/** Joins clients and quotes: takes each window's deltas, encodes each once per encoding, and writes to each client once. */
export class Hub {
  readonly clients = new Map<string, Client>();
  readonly counts: HubCounts = {
    updates: 0,
    encoded: 0,
    snapshots: 0,
    replayed: 0,
    writes: 0,
    bytes: 0,
    dropped: 0,
    slowDisconnects: 0,
  };
  readonly subscriptions: Subscriptions;
  /** Books and candles, sent beside quotes. */
  readonly channels: Channels;
  private readonly pacer: Pacer;
  private readonly touched: Client[] = [];
  private readonly encodeTimes: Histogram;
  private readonly writeTimes: Histogram;
  private window = 0;
  /** Clients with a status in their outbox. */
  private readonly told = new Set<Client>();
  private isTelling = false;
  /** Clients since start. */
  private connected = 0;
  private demandListener: (wanted: Iterable<InstrumentId>) => void = () => undefined;
  private demandIsNews = false;
  private isCarried: (instrument: Instrument) => boolean = () => true;
  private recovery: Recovery | undefined;
  private freshness: { of(id: InstrumentId): QuoteStatus; ageOf(state: QuoteState): number } | undefined;

  constructor(
    private readonly lastValues: LastValueStore,
    private readonly replay: ReplayBuffer,
    private readonly encodings: Encodings,
    private readonly clock: Clock,
    readonly options: HubOptions,
    meter: Meter,
  ) {
    const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25];
    this.encodeTimes = meter.histogram(
      'encode_seconds',
      "Time to encode one window's updates and sort them by client",
      buckets,
    );
    this.writeTimes = meter.histogram('fanout_seconds', "Time to write one window's updates to the sockets", buckets);
    this.subscriptions = new Subscriptions(() => this.announceDemand());
    this.channels = new Channels(clock, lastValues.epoch, this.counts);
    this.pacer = new Pacer(clock, (due) => this.release(due));
  }

  /** In which the sequences of quotes count now. */
  get epoch(): string {
    return this.lastValues.epoch.name;
  }

  /** Called with everything that is wanted whenever that set changes; changes of one moment are announced together. */
  onDemand(listener: (wanted: Iterable<InstrumentId>) => void): void {
    this.demandListener = listener;
  }

  /** Says which instruments some vendor has; others are refused, because their quotes would never come. */
  offerOnly(isCarried: (instrument: Instrument) => boolean): void {
    this.isCarried = isCarried;
  }

  /** Says where to look for what a returning client has missed and this process has not published. */
  recoverWith(recovery: Recovery): void {
    this.recovery = recovery;
  }

  /** Says who knows how fresh quotes are: changes come by `publishStatus`, and whoever joins later is told how it stands. */
  believe(freshness: NonNullable<Hub['freshness']>): void {
    this.freshness = freshness;
  }

  /**
   * Has what a returning client has missed brought here, if it is not here already.
   * @returns when to subscribe it; undefined for at once, as almost always
   */
  recover(client: Client, { symbols, resume, maxFrequency }: SubscribeMessage): Promise<void> | undefined {
    const { recovery } = this;
    if (recovery?.isPossible !== true || resume === undefined || !this.mayResume(client, resume)) return undefined;
    if (client.format === 'compact' || maxFrequency !== undefined) return undefined;
    const missing = new Map<InstrumentId, number>();
    for (const symbol of symbols) {
      const sequence: unknown = resume.sequences[symbol];
      const state = typeof sequence === 'number' && sequence >= 1 ? this.lastValues.peek(symbol) : undefined;
      if (state === undefined || state.sequence - (sequence as number) > MAX_REPLAYED_OF_SYMBOL) continue;
      if (state.sequence === 0 || this.replay.missedSince(state, sequence as number) === undefined)
        missing.set(symbol, sequence as number);
    }
    return missing.size === 0 ? undefined : recovery.fetch(resume.epoch, missing);
  }

  connect(id: string, wire: Wire, framing: Framing, format: Format): Client {
    const encoder = messageEncoder(framing, format);
    const now = this.clock.now();
    // steps of the golden ratio spread any number of clients evenly over the interval
    const phase = 1 - ((this.connected++ * 0.618_034) % 1);
    const client = new Client(id, framing, format, wire, encoder, this.options.backpressure, this.counts, now, phase);
    client.arrivedIn = this.epoch;
    this.clients.set(id, client);
    return client;
  }

  disconnect(client: Client): void {
    client.closed = true;
    this.clients.delete(client.id);
    for (const id of client.subscriptions.keys()) this.leave(client, id);
  }

  /**
   * Subscribes what is right and names what is not. Quotes follow only with `greet`, so that the answer can go first.
   * @param maxSymbols symbols the client may have in all
   * @throws InvalidMessageError if the options contradict each other
   */
  subscribe(
    client: Client,
    message: SubscribeMessage,
    maxSymbols: number = this.options.maxSymbolsPerClient,
  ): SubscribeResult {
    const options = this.subscriptionOptions(client, message);
    const accepted: Subscription[] = [];
    const rejected: RejectedSymbol[] = [];
    for (const symbol of new Set(message.symbols)) {
      const state = this.lastValues.peek(symbol);
      if (state === undefined) {
        const { code, message: text } = new InvalidSymbolError(symbol);
        rejected.push({ symbol, code, message: text });
      } else if (!this.isCarried(state.instrument)) {
        rejected.push({ symbol, code: 'SUBSCRIPTION_FAILED', message: `No vendor in use has ${symbol}` });
      } else if (!client.subscriptions.has(symbol) && client.subscriptions.size >= maxSymbols) {
        const limit = `At most ${maxSymbols} symbols per connection`;
        rejected.push({ symbol, code: 'SUBSCRIPTION_LIMIT_EXCEEDED', message: limit });
      } else accepted.push(this.subscriptions.add(client, state, options));
    }
    return { accepted, rejected };
  }

  /** Sends a new subscriber the present quotes, and one that returns by `resume` what it has missed. */
  greet(client: Client, accepted: readonly Subscription[], resume: SubscribeMessage['resume']): void {
    const now = this.clock.now();
    const elapsed = this.clock.elapsed();
    const isOpen = client.accepts(now);
    const sequences = resume !== undefined && this.mayResume(client, resume) ? resume.sequences : {};
    let budget = MAX_REPLAYED;
    for (const subscription of accepted) {
      const { state, encoding } = subscription.group;
      if (state.sequence === 0) continue;
      if (!isOpen) {
        client.skip(subscription.group);
        continue;
      }
      const replayed = this.replayTo(
        subscription,
        sequences[state.instrument.id],
        Math.min(budget, MAX_REPLAYED_OF_SYMBOL),
        now,
      );
      if (replayed !== undefined) budget -= replayed;
      else if (this.isAhead(client, state, sequences[state.instrument.id])) continue;
      else if (subscription.options.maxFrequency === undefined || this.pacer.greets(subscription, elapsed))
        client.appendFrames(this.encodeSnapshot(encoding, state, now));
    }
    if (isOpen) {
      this.greetStatus(client, accepted);
      client.flush(now);
    }
    this.channels.greet(client, accepted);
  }

  /** Also of what has no quote: silence would look like a price that is about to come. */
  private greetStatus(client: Client, accepted: readonly Subscription[]): void {
    const { freshness } = this;
    if (freshness === undefined) return;
    const encoder = messageEncoder(client.framing, client.format);
    for (const { group } of accepted) {
      const { state } = group;
      const status = freshness.of(state.instrument.id);
      if (status !== 'live')
        client.appendFrames(encoder.message('status', statusOf(state, status, freshness.ageOf(state))));
    }
  }

  /** A client that was greeted with another epoch has forgotten its positions, though they count here by now. */
  private mayResume({ arrivedIn }: Client, { epoch }: NonNullable<SubscribeMessage['resume']>): boolean {
    return epoch === this.epoch && arrivedIn === epoch;
  }

  /** Whether a client comes from a node that has been told of more than this one: then what it has is not taken back. */
  private isAhead({ format }: Client, state: QuoteState, sequence: unknown): boolean {
    if (this.recovery?.isPossible !== true || format === 'compact') return false;
    return typeof sequence === 'number' && sequence > state.sequence;
  }

  /**
   * Sends a returning client each change it has missed.
   * @param most changes it may be sent of this instrument
   * @returns how many there were; undefined when it has to start from a snapshot
   */
  private replayTo(
    { client, group, options }: Subscription,
    sequence: unknown,
    most: number,
    now: number,
  ): number | undefined {
    const { state, encoding } = group;
    // a reader of the compact form learns an instrument's wire id only from its snapshot
    if (client.format === 'compact' || typeof sequence !== 'number') return undefined;
    // counting walks the changes one by one
    if (state.sequence - sequence > most) return undefined;
    const missed = this.replay.missedSince(state, sequence);
    if (missed === undefined) return undefined;
    // a limited client would get at once what it wants a second apart
    if (missed > 0 && options.maxFrequency !== undefined) return undefined;
    let before = sequence;
    for (const delta of this.replay.last(state, missed)) {
      const chunk = encoding.update(delta, before, now);
      if (chunk === '') continue;
      client.append(encoding, chunk);
      before = delta.sequence;
    }
    // changes of fields it does not want were passed over: the next update has to join where the client really is
    group.lastSequence = Math.min(group.lastSequence, before);
    this.counts.replayed += missed;
    return missed;
  }

  /** Ends interest in the given symbols, or in all. Returns those that had been subscribed. */
  unsubscribe(client: Client, symbols: readonly string[] | undefined): InstrumentId[] {
    const ids = symbols ?? [...client.subscriptions.keys()];
    return ids.filter((id) => this.leave(client, id));
  }

  /** Fans one window's deltas out. Synchronous, so a client sees sequences in order. */
  publish(deltas: readonly Delta[]): void {
    const now = this.clock.now();
    const started = this.clock.elapsed();
    this.window++;
    for (const delta of deltas) {
      const groups = this.subscriptions.of(delta.wireId);
      if (groups === undefined) continue;
      for (const group of groups) this.publishTo(group, delta, now, started);
    }
    const encoded = this.clock.elapsed();
    this.flushTouched(now);
    this.encodeTimes.observe((encoded - started) / 1000);
    this.writeTimes.observe((this.clock.elapsed() - encoded) / 1000);
  }

  /** Tells the subscribers of an instrument how fresh its quote is. */
  publishStatus(state: QuoteState, status: QuoteStatus, age: number): void {
    const payload = statusOf(state, status, age);
    const made = new Map<MessageEncoder, string>();
    const tell = (client: Client): void => {
      // a late client gets the quote with its mark when it has caught up
      if (client.late) return;
      const encoder = messageEncoder(client.framing, client.format);
      const frames = made.get(encoder) ?? encoder.message('status', payload);
      made.set(encoder, frames);
      client.appendFrames(frames);
      this.told.add(client);
    };
    for (const group of this.subscriptions.of(state.wireId) ?? []) {
      for (const client of group.members) tell(client);
      for (const { client } of group.paced) tell(client);
    }
    if (this.told.size > 0) this.flushTold();
  }

  /** Statuses of one moment are one write for each client: when a vendor fails they are many. */
  private flushTold(): void {
    if (this.isTelling) return;
    this.isTelling = true;
    this.clock.after(0, () => {
      this.isTelling = false;
      const now = this.clock.now();
      for (const client of this.told) client.flush(now);
      this.told.clear();
    });
  }

  /** Begins a new epoch: what is published next are first quotes again, and nothing of before can be replayed. */
  restart(epoch: string): void {
    this.lastValues.restart(epoch);
    this.replay.clear();
    this.channels.restart();
  }

  /** Housekeeping, about once a second: heartbeats, late clients, idle clients. */
  sweep(): void {
    const now = this.clock.now();
    for (const client of this.clients.values()) {
      const isIdle = client.subscriptions.size === 0 && now - client.lastMessageAt > this.options.idleTimeoutMs;
      if (isIdle) client.close('IDLE_TIMEOUT');
      else client.sweep(now, this.options.heartbeatIntervalMs);
    }
  }

  stop(): void {
    this.pacer.stop();
    this.channels.stop();
  }

  private leave(client: Client, id: InstrumentId): boolean {
    this.channels.leave(client, id);
    return this.subscriptions.remove(client, id);
  }

  private publishTo(group: Group, delta: Delta, now: number, elapsed: number): void {
    const { encoding, members, paced } = group;
    const { isWhole } = delta;
    const chunk = isWhole ? this.encodeSnapshot(encoding, delta, now) : encoding.update(delta, group.lastSequence, now);
    if (chunk === '') return;
    group.lastSequence = delta.sequence;
    this.counts.encoded++;
    this.counts.updates += members.length;
    for (let i = 0; i < members.length; i++) this.push(members[i] as Client, group, chunk, isWhole, now);
    for (let i = 0; i < paced.length; i++) {
      const subscription = paced[i] as Subscription;
      if (!this.pacer.admits(subscription, elapsed)) continue;
      this.counts.updates++;
      this.push(subscription.client, group, chunk, isWhole, now);
    }
  }

  private push(client: Client, group: Group, chunk: string, isFrames: boolean, now: number): void {
    if (client.window !== this.window) {
      client.window = this.window;
      if (client.accepts(now)) this.touched.push(client);
    }
    if (client.late) client.skip(group);
    else if (isFrames) client.appendFrames(chunk);
    else client.append(group.encoding, chunk);
  }

  /** Snapshots for subscriptions whose frequency limit has held updates back. */
  private release(due: readonly Subscription[]): void {
    const now = this.clock.now();
    this.window++;
    for (const subscription of due) {
      const { client, group } = subscription;
      if (client.subscriptions.get(group.state.instrument.id) !== subscription) continue;
      // an epoch has begun, and its first quote is still to come
      if (group.state.sequence === 0) continue;
      this.counts.updates++;
      this.push(client, group, this.encodeSnapshot(group.encoding, group.state, now), true, now);
    }
    this.flushTouched(now);
  }

  private flushTouched(now: number): void {
    const { touched } = this;
    for (let i = 0; i < touched.length; i++) (touched[i] as Client).flush(now);
    touched.length = 0;
  }

  private encodeSnapshot(encoding: Group['encoding'], quote: Delta, now: number): string {
    this.counts.snapshots++;
    return encoding.snapshot(quote, now);
  }

  private subscriptionOptions(client: Client, message: SubscribeMessage): SubscriptionOptions {
    const { mode, compression, batch, fields, maxFrequency, candles, unconflated } = message;
    const mask = fieldMask(mode, fields);
    const { framing, format } = client;
    if (format === 'compact' && mask !== ALL_FIELDS_MASK) {
      throw new InvalidMessageError('the compact format carries whole quotes: use mode "quote" without "fields"');
    }
    const isCompact = format === 'compact';
    if (isCompact && (mode === 'depth' || (candles ?? []).length > 0 || unconflated === true)) {
      throw new InvalidMessageError(
        'the compact format carries quotes only: leave mode "depth", "candles" and "unconflated" out',
      );
    }
    if (unconflated === true && maxFrequency !== undefined)
      throw new InvalidMessageError('"unconflated" and "maxFrequency" contradict each other');
    const encoding = this.encodings.for({
      framing,
      format,
      // compact updates are deltas in a batch by nature
      compression: isCompact ? 'delta' : compression,
      batch: isCompact || batch,
      mask,
    });
    return {
      encoding,
      mode,
      compression: encoding.options.compression,
      batch: encoding.options.batch,
      fields,
      maxFrequency,
      candles,
      unconflated,
    };
  }

  private announceDemand(): void {
    if (this.demandIsNews) return;
    this.demandIsNews = true;
    this.clock.after(0, () => {
      this.demandIsNews = false;
      this.demandListener(this.subscriptions.wanted());
    });
  }
}

function statusOf({ instrument, latestSource: source }: QuoteState, status: QuoteStatus, age: number) {
  return { symbol: instrument.id, state: status, age, source };
}

function fieldMask(mode: SubscribeMessage['mode'], fields: readonly string[] | undefined): number {
  if (fields === undefined) return mode === 'ltp' ? LTP_MASK | SOURCE_BIT : ALL_FIELDS_MASK;
  let mask = 1 << F.stale;
  for (const name of fields) {
    const bit = fieldBit(name);
    if (bit === undefined)
      throw new InvalidMessageError(`"fields" names no quote field: ${JSON.stringify(name.slice(0, 64))}`);
    mask |= bit;
  }
  return mask;
}
