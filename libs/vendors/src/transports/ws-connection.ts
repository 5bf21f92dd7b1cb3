import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import {
  type ConnectionStatus,
  type EpochMs,
  type FeedState,
  type Instrument,
  type InstrumentId,
  type Tick,
  VendorFrameError,
  VendorRateLimitError,
} from '#domain';
import type { VendorTools } from '../define-vendor.js';
import { backoffMs } from './backoff.js';
import { ConnectionHealth } from './connection-health.js';
import { PacedSender } from './paced-sender.js';
import { retryAfterMs } from './retry-after.js';
import { Timers } from './timers.js';
import type { FrameContext, FrameSignal, WsFeedOptions } from './ws-feed.js';

/** What a connection tells its feed. */
export interface ConnectionEvents {
  ticks(ticks: readonly Tick[]): void;
  malformed(reason: string, sample: string): void;
  /** A frame of any kind has come. */
  frame(at: number): void;
  /** The connection's state has changed. */
  changed(): void;
  /** Nothing has been wanted of the connection for the linger time. */
  idle(): void;
}

interface Subscribed {
  readonly instrument: Instrument;
  readonly at: EpochMs;
}

/** How long an instrument may have no price after it was subscribed, where the vendor does not send the present one, ms. */
const SILENT_MS = 15_000;
/** How often a connection's traffic is judged, ms. */
const CHECK_MS = 2000;
const SAMPLE_CHARS = 200;
/** A vendor that says our settings are wrong is asked again this rarely. */
const FATAL_PAUSE_MS = 300_000;
/** What the vendor has refused is asked for again this rarely. */
const REFUSED_MS = 300_000;
/** What was asked for in vain is asked for again after this, and after twice as long each time, ms: the answer may have been lost. */
const UNANSWERED_MS = 10_000;
/** A connection that ended sooner never worked: some vendors accept, answer, and throw out. */
const STABLE_MS = 10_000;

/** One socket to a vendor, and what it carries. A reconnect starts from empty: whatever is wanted is subscribed anew. */
export class WsConnection {
  /** The instruments this connection is to carry. */
  wanted: ReadonlyMap<InstrumentId, Instrument> = new Map();
  state: FeedState = 'idle';
  lastError: string | undefined;

  private readonly subscribed = new Map<InstrumentId, Subscribed>();
  /** What the vendor will not send, and until when it is not asked again. */
  private readonly refusedUntil = new Map<InstrumentId, EpochMs>();
  /** How many times in a row an instrument was asked for in vain. */
  private readonly unanswered = new Map<InstrumentId, number>();
  /** What was subscribed, and has had no price since, and from when on. */
  private readonly unheard = new Map<InstrumentId, EpochMs>();
  /** Those of the unheard that should have had one: another vendor had better serve them meanwhile. */
  private readonly silent = new Set<InstrumentId>();
  private readonly timers: Timers<
    'reconnect' | 'watchdog' | 'heartbeat' | 'ping' | 'linger' | 'ready' | 'prepare' | 'check'
  >;
  private health: ConnectionHealth | undefined;
  /** Found without prices where they were to be expected, and not heard of since: answers to us do not count. */
  private isMute = false;
  private readonly sender: PacedSender;
  private socket: WebSocket | undefined;
  private isAskingUrl = false;
  private isUsable = false;
  private isPreparing = false;
  private isStopped = false;
  private lastRate = 0;
  /** Attempts since the last connection that worked. */
  private attempt = 0;
  private openedAt: number | undefined;
  private lastFrameAt = 0;
  private stateSince: EpochMs;
  /** Failed attempts to prepare in a row. */
  private prepareAttempt = 0;

  constructor(
    private readonly options: WsFeedOptions,
    private readonly tools: VendorTools,
    private readonly events: ConnectionEvents,
  ) {
    this.timers = new Timers(tools.clock);
    this.stateSince = tools.clock.now();
    this.sender = new PacedSender(tools.clock, options.messageGapMs ?? 0, (message) => this.socket?.send(message));
  }

  get isLive(): boolean {
    return this.state === 'live';
  }

  get isFailing(): boolean {
    return this.state === 'stalled' || this.state === 'down';
  }

  status(): ConnectionStatus {
    return {
      state: this.state,
      since: this.stateSince,
      lastFrameAt: this.lastFrameAt === 0 ? undefined : this.lastFrameAt,
      instruments: this.wanted.size,
      lastError: this.lastError,
      ...this.health?.figures(),
    };
  }

  /** Wanted instruments that cannot be had here now. */
  *unserved(): Iterable<InstrumentId> {
    if (this.isFailing) return yield* this.wanted.keys();
    for (const id of this.refusedUntil.keys()) if (this.wanted.has(id)) yield id;
    yield* this.silent;
    if (this.prepareAttempt === 0) return;
    for (const id of this.wanted.keys()) if (!this.subscribed.has(id) && !this.refusedUntil.has(id)) yield id;
  }

  /** Makes the vendor send exactly what is wanted: asks for what is new, gives up what is not wanted any more. */
  want(instruments: ReadonlyMap<InstrumentId, Instrument>): void {
    if (this.isStopped) return;
    this.wanted = instruments;
    if (this.wanted.size === 0) {
      if (!this.timers.has('linger')) this.timers.set('linger', this.options.lingerMs, () => this.leave());
    } else {
      this.timers.cancel('linger');
      if (this.socket === undefined && !this.timers.has('reconnect')) void this.connect();
    }
    if (this.isUsable) this.subscribeDifference();
  }

  /** A pause the vendor has asked for is kept by whoever was asked: a new connection would know nothing of it. */
  private leave(): void {
    if (!this.timers.has('reconnect')) this.events.idle();
  }

  streamingSince(id: InstrumentId): EpochMs | undefined {
    return this.isLive && !this.unheard.has(id) ? this.subscribed.get(id)?.at : undefined;
  }

  stop(): void {
    this.isStopped = true;
    this.drop();
    this.timers.cancelAll();
  }

  private subscribeDifference(): void {
    const now = this.tools.clock.now();
    for (const [id, until] of this.refusedUntil) if (until <= now) this.refusedUntil.delete(id);
    const added = [...this.wanted.values()].filter(({ id }) => !this.subscribed.has(id) && !this.refusedUntil.has(id));
    const dropped = [...this.subscribed.values()]
      .map(({ instrument }) => instrument)
      .filter(({ id }) => !this.wanted.has(id));
    for (const { id } of dropped) {
      this.subscribed.delete(id);
      this.unheard.delete(id);
      this.silent.delete(id);
    }
    if (dropped.length > 0) this.sender.send(this.options.unsubscribe(dropped));
    if (added.length === 0) return;
    if (this.options.prepare === undefined) this.subscribe(added);
    else void this.prepare(added);
  }

  private subscribe(instruments: readonly Instrument[]): void {
    const at = this.tools.clock.now();
    for (const instrument of instruments) {
      this.subscribed.set(instrument.id, { instrument, at });
      this.unheard.set(instrument.id, at);
    }
    if (instruments.length > 0) this.sender.send(this.options.subscribe(instruments));
  }

  /** One preparation at a time; what comes to be wanted meanwhile is the next one's. */
  private async prepare(added: readonly Instrument[]): Promise<void> {
    if (this.isPreparing || this.timers.has('prepare')) return;
    this.isPreparing = true;
    const { socket } = this;
    try {
      const unknown = await this.options.prepare?.(added);
      if (this.prepareAttempt > 0) {
        this.prepareAttempt = 0;
        this.events.changed();
      }
      if (unknown !== undefined && unknown.length > 0) this.refuse(unknown, 'the vendor does not know them');
    } catch (error) {
      this.lastError = this.redacted((error as Error).message);
      this.tools.log.warn({ feed: this.options.id, reason: this.lastError }, 'cannot prepare a subscription');
      const wait = backoffMs(this.prepareAttempt++, this.options.backoff, this.tools.random);
      if (this.isStopped) return;
      this.timers.set('prepare', wait, () => this.isUsable && this.subscribeDifference());
      this.events.changed();
      return;
    } finally {
      this.isPreparing = false;
    }
    if (!this.isUsable) return;
    // on a new socket, or when the wish has changed, what was prepared may be only a part of it
    if (this.socket === socket)
      this.subscribe(added.filter(({ id }) => this.wanted.has(id) && !this.refusedUntil.has(id)));
    this.subscribeDifference();
  }

  /** @param pauseOf for how long one of them is not asked for, ms */
  private refuse(
    instruments: readonly InstrumentId[],
    reason: string,
    pauseOf = (_id: InstrumentId): number => REFUSED_MS,
  ): void {
    const now = this.tools.clock.now();
    for (const id of instruments) {
      this.refusedUntil.set(id, now + pauseOf(id));
      this.subscribed.delete(id);
      this.unheard.delete(id);
    }
    const sample = instruments.slice(0, 5);
    this.tools.log.warn({ feed: this.options.id, refused: instruments.length, sample, reason }, 'instruments refused');
    this.events.changed();
  }

  private async connect(): Promise<void> {
    if (this.isAskingUrl) return;
    this.become('connecting');
    try {
      this.isAskingUrl = true;
      const url = await this.options.url();
      if (!this.isStopped) this.open(url);
    } catch (error) {
      // also thrown by a URL or header that cannot be used
      const pauseMs = error instanceof VendorRateLimitError ? error.retryAfterMs : undefined;
      this.failed((error as Error).message, { pauseMs });
    } finally {
      this.isAskingUrl = false;
    }
  }

  private open(url: string): void {
    const socket = new WebSocket(url, {
      headers: this.options.headers,
      handshakeTimeout: this.options.handshakeMs,
      maxPayload: this.options.maxFrameBytes,
      perMessageDeflate: false,
      followRedirects: this.options.followRedirects ?? false,
    });
    this.socket = socket;
    const context: FrameContext = {
      reply: (...messages) => ours(() => this.sender.send(messages)),
      malformed: (error) => this.reportMalformed(error.message, error.sample),
    };
    // events of a socket that has been given up are no longer ours
    const ours = (handle: () => void): void => {
      if (this.socket === socket) handle();
    };
    socket.on('open', () => ours(() => this.opened()));
    socket.on('message', (data, isBinary) => ours(() => this.received(data as Buffer, isBinary, context)));
    socket.on('ping', () => ours(() => this.touched()));
    socket.on('pong', () => ours(() => this.touched()));
    socket.on('unexpected-response', (_request, response) => ours(() => this.refused(response)));
    socket.on('error', (error) => ours(() => (this.lastError = this.redacted(error.message))));
    socket.on('close', (code) => ours(() => this.ended(code)));
  }

  private opened(): void {
    const { onOpen, awaitsReady = false, readyMs, handshakeMs } = this.options;
    this.lastError = undefined;
    this.openedAt = this.tools.clock.now();
    this.health = new ConnectionHealth(this.openedAt, this.lastRate);
    this.touched();
    this.watch();
    this.timers.set('check', CHECK_MS, () => this.check());
    this.sender.send(onOpen?.() ?? []);
    this.beat();
    if (!awaitsReady) return this.usable();
    this.timers.set('ready', readyMs ?? handshakeMs, () => this.failed('not accepted in time'));
  }

  private usable(): void {
    this.timers.cancel('ready');
    this.isUsable = true;
    this.subscribeDifference();
  }

  /** The vendor has answered the upgrade with something else. */
  private refused({ statusCode = 0, headers }: IncomingMessage): void {
    const isFatal = (this.options.refusals ?? [401, 403]).includes(statusCode);
    const pauseMs = isFatal ? FATAL_PAUSE_MS : retryAfterMs(headers['retry-after'], this.tools.clock.now());
    this.failed(`refused with HTTP ${statusCode}`, { pauseMs });
  }

  private ended(code: number): void {
    const { reason = `closed with ${code}`, pauseMs } = this.options.closed?.(code) ?? {};
    this.failed(this.lastError ?? reason, { pauseMs });
  }

  private received(data: Buffer, isBinary: boolean, context: FrameContext): void {
    this.touched();
    let ticks: readonly Tick[];
    try {
      ticks = this.options.parse(data, isBinary, this.lastFrameAt, context);
    } catch (error) {
      const sample = error instanceof VendorFrameError ? error.sample : data.toString('latin1', 0, SAMPLE_CHARS);
      this.health?.frame([], this.lastFrameAt);
      return this.reportMalformed((error as Error).message, sample);
    }
    this.health?.frame(ticks, this.lastFrameAt);
    if (ticks.length > 0) {
      if (this.unheard.size > 0) this.hear(ticks);
      this.isMute = false;
      this.become('live');
      return this.events.ticks(ticks);
    }
    this.heed(this.options.signal?.(data, isBinary));
  }

  private heed(signal: FrameSignal | undefined): void {
    switch (signal?.kind) {
      case 'ready':
        return this.usable();
      case 'fatal':
        return this.failed(signal.reason, { pauseMs: FATAL_PAUSE_MS });
      case 'cooldown':
        return this.failed(signal.reason, { pauseMs: signal.ms });
      case 'refused':
        return this.refuse(signal.instruments, this.redacted(signal.reason));
      case 'error':
        this.lastError = this.redacted(signal.reason);
        return this.tools.log.warn({ feed: this.options.id, reason: this.lastError }, 'vendor reports an error');
      case undefined:
        // an answer or a heartbeat shows that the vendor is there, even when no price moves
        if (this.isUsable && !this.isMute) this.become('live');
    }
  }

  private touched(): void {
    this.lastFrameAt = this.tools.clock.now();
    this.events.frame(this.lastFrameAt);
  }

  /** Connected but silent counts as stalled: says so, and starts again. */
  private watch(): void {
    const { deadAfterMs } = this.options;
    const silentFor = this.tools.clock.now() - this.lastFrameAt;
    if (silentFor < deadAfterMs) return this.timers.set('watchdog', deadAfterMs - silentFor, () => this.watch());
    this.failed(`silent for ${silentFor} ms`, { state: 'stalled' });
  }

  /** Pongs may come where prices do not: looks at the prices, of the connection and of each instrument. */
  private check(): void {
    this.timers.set('check', CHECK_MS, () => this.check());
    const { clock, isTrading } = this.tools;
    const now = clock.now();
    const exchanges = new Set([...this.subscribed.values()].map(({ instrument }) => instrument.exchange));
    const trading = new Set([...exchanges].filter((exchange) => isTrading(exchange)));
    const verdict = this.health?.check(now, trading.size > 0);
    if (verdict !== undefined) {
      this.isMute = true;
      return this.failed(verdict, { state: 'stalled' });
    }
    // at night nothing can be heard, and nobody need be listened to
    if (trading.size === 0) this.isMute = false;
    this.reviewUnheard(now, trading);
  }

  /** Looks for instruments of which nothing comes. */
  private reviewUnheard(now: EpochMs, trading: ReadonlySet<string>): void {
    const { firstTickMs } = this.options;
    const overdue: InstrumentId[] = [];
    for (const [id, since] of this.unheard) {
      if (!trading.has(this.subscribed.get(id)?.instrument.exchange ?? '')) this.unheard.set(id, now);
      else if (now - since > (firstTickMs ?? SILENT_MS)) overdue.push(id);
    }
    if (overdue.length === 0) return;
    if (firstTickMs === undefined) return this.fallSilent(overdue);
    // still subscribed with the vendor, which is told otherwise, so that it is asked again later
    this.sender.send(this.options.unsubscribe(overdue.map((id) => (this.subscribed.get(id) as Subscribed).instrument)));
    this.refuse(overdue, `nothing came within ${firstTickMs} ms`, (id) => this.pauseAfterSilence(id));
  }

  private pauseAfterSilence(id: InstrumentId): number {
    const times = this.unanswered.get(id) ?? 0;
    this.unanswered.set(id, times + 1);
    return Math.min(REFUSED_MS, UNANSWERED_MS * 2 ** times);
  }

  /** Of a vendor that only sends what happens, silence may mean that nothing does: these stay subscribed, and are named. */
  private fallSilent(overdue: readonly InstrumentId[]): void {
    const before = this.silent.size;
    for (const id of overdue) this.silent.add(id);
    if (this.silent.size > before) this.events.changed();
  }

  private hear(ticks: readonly Tick[]): void {
    const before = this.silent.size;
    for (const { instrument, price } of ticks) {
      if (price === undefined) continue;
      this.unheard.delete(instrument);
      this.silent.delete(instrument);
      this.unanswered.delete(instrument);
    }
    if (this.silent.size < before) this.events.changed();
  }

  private beat(): void {
    const { heartbeat, pingEveryMs } = this.options;
    const ping = (): void => this.socket?.ping();
    if (pingEveryMs !== undefined) this.repeat('ping', pingEveryMs, ping);
    if (heartbeat === undefined) return;
    const { everyMs, message } = heartbeat;
    this.repeat('heartbeat', everyMs, message === undefined ? ping : () => this.sender.send([message]));
  }

  private repeat(name: 'heartbeat' | 'ping', everyMs: number, task: () => void): void {
    this.timers.set(name, everyMs, () => {
      task();
      this.repeat(name, everyMs, task);
    });
  }

  private failed(reason: string, given: { pauseMs?: number | undefined; state?: 'stalled' | 'down' } = {}): void {
    this.lastError = this.redacted(reason);
    if (this.openedAt !== undefined && this.tools.clock.now() - this.openedAt >= STABLE_MS) this.attempt = 0;
    this.drop();
    if (this.isStopped) return;
    const backoff = backoffMs(this.attempt++, this.options.backoff, this.tools.random);
    // a vendor may ask for no pause at all, and fail again
    const wait = Math.max(given.pauseMs ?? 0, backoff);
    const retryInMs = Math.round(wait);
    this.tools.log.warn({ feed: this.options.id, reason: this.lastError, retryInMs }, 'feed connection lost');
    this.timers.set('reconnect', wait, () => {
      if (this.wanted.size > 0) void this.connect();
      else this.events.idle();
    });
    // last, because whoever hears it may say at once what is wanted now
    this.become(given.state ?? 'down');
  }

  private drop(): void {
    const { socket } = this;
    this.socket = undefined;
    this.openedAt = undefined;
    this.isUsable = false;
    this.subscribed.clear();
    this.sender.clear();
    this.unheard.clear();
    this.silent.clear();
    if (this.health !== undefined) this.lastRate = this.health.figures().ticksPerSecond;
    this.health = undefined;
    this.timers.cancel('watchdog', 'heartbeat', 'ping', 'ready', 'prepare', 'check');
    socket?.terminate();
  }

  private reportMalformed(reason: string, sample: string): void {
    this.health?.unreadable();
    this.events.malformed(this.redacted(reason), this.redacted(sample));
  }

  private redacted(text: string): string {
    return this.options.redact?.(text) ?? text;
  }

  private become(state: FeedState): void {
    // while it reconnects after a stall or loss it is still not to be relied on
    if (state === 'connecting' && (this.state === 'stalled' || this.state === 'down')) return;
    if (this.state === state) return;
    this.state = state;
    this.stateSince = this.tools.clock.now();
    this.events.changed();
  }
}
