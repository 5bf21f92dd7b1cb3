import { WebSocket } from 'ws';
import { type Cancel, type FeedState, type Instrument, type InstrumentId, type Tick, VendorFrameError } from '#domain';
import type { VendorTools } from '../define-vendor.js';
import { backoffMs } from './backoff.js';
import type { WsFeedOptions } from './ws-feed.js';

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

const SAMPLE_CHARS = 200;
/** A vendor that says our settings are wrong is asked again this rarely. */
const FATAL_PAUSE_MS = 300_000;

/** One socket to a vendor, and what it carries. A reconnect starts from empty: whatever is wanted is subscribed anew. */
export class WsConnection {
  /** The instruments this connection is to carry; the feed changes it and calls `reconcile`. */
  readonly wanted = new Map<InstrumentId, Instrument>();
  state: FeedState = 'idle';
  lastError: string | undefined;

  private readonly subscribed = new Map<InstrumentId, Instrument>();
  private socket: WebSocket | undefined;
  private isUsable = false;
  private attempt = 0;
  private lastFrameAt = 0;
  private outgoing: (string | Buffer)[] = [];
  private timers = new Map<'reconnect' | 'watchdog' | 'heartbeat' | 'send' | 'linger' | 'ready', Cancel>();
  private stopped = false;

  constructor(
    private readonly options: WsFeedOptions,
    private readonly tools: VendorTools,
    private readonly events: ConnectionEvents,
  ) {}

  /** Makes the vendor send exactly what is wanted: asks for what is new, gives up what is not wanted any more. */
  reconcile(): void {
    if (this.stopped) return;
    if (this.wanted.size === 0) {
      if (!this.timers.has('linger')) this.schedule('linger', this.options.lingerMs, () => this.events.idle());
    } else {
      this.cancel('linger');
      if (this.socket === undefined && !this.timers.has('reconnect')) void this.connect();
    }
    if (!this.isUsable) return;
    const added = [...this.wanted.values()].filter(({ id }) => !this.subscribed.has(id));
    const dropped = [...this.subscribed.values()].filter(({ id }) => !this.wanted.has(id));
    for (const instrument of added) this.subscribed.set(instrument.id, instrument);
    for (const { id } of dropped) this.subscribed.delete(id);
    if (dropped.length > 0) this.send(this.options.unsubscribe(dropped));
    if (added.length > 0) this.send(this.options.subscribe(added));
  }

  stop(): void {
    this.stopped = true;
    this.drop();
    for (const name of this.timers.keys()) this.cancel(name);
  }

  private async connect(): Promise<void> {
    this.become('connecting');
    let url: string;
    try {
      url = await this.options.url();
    } catch (error) {
      return this.failed((error as Error).message);
    }
    if (this.stopped) return;
    const socket = new WebSocket(url, {
      headers: this.options.headers,
      handshakeTimeout: this.options.handshakeMs,
      maxPayload: this.options.maxFrameBytes,
      perMessageDeflate: false,
    });
    this.socket = socket;
    // events of a socket that has been given up are no longer ours
    const ours = (handle: () => void): void => {
      if (this.socket === socket) handle();
    };
    socket.on('open', () => ours(() => this.opened()));
    socket.on('message', (data, isBinary) => ours(() => this.received(data as Buffer, isBinary)));
    socket.on('ping', () => ours(() => this.touched()));
    socket.on('pong', () => ours(() => this.touched()));
    socket.on('error', (error) => {
      this.lastError = error.message;
    });
    socket.on('close', (code) => ours(() => this.failed(this.lastError ?? `closed with ${code}`)));
  }

  private opened(): void {
    const { onOpen = [], awaitsReady = false, heartbeat, handshakeMs } = this.options;
    this.lastError = undefined;
    this.touched();
    this.watch();
    this.send(onOpen);
    if (heartbeat !== undefined) this.beat(heartbeat.everyMs, heartbeat.message);
    if (!awaitsReady) return this.usable();
    this.schedule('ready', handshakeMs, () => this.failed('not accepted in time'));
  }

  private usable(): void {
    this.cancel('ready');
    this.isUsable = true;
    this.reconcile();
  }

  private received(data: Buffer, isBinary: boolean): void {
    const receivedAt = this.tools.clock.now();
    this.touched();
    let ticks: readonly Tick[];
    try {
      ticks = this.options.parse(data, isBinary, receivedAt);
    } catch (error) {
      const sample = error instanceof VendorFrameError ? error.sample : data.toString('latin1', 0, SAMPLE_CHARS);
      return this.events.malformed((error as Error).message, sample);
    }
    if (ticks.length > 0) {
      this.attempt = 0;
      this.become('live');
      this.events.ticks(ticks);
      return;
    }
    const signal = this.options.signal?.(data, isBinary);
    if (signal?.kind === 'ready') this.usable();
    else if (signal?.kind === 'fatal') this.failed(signal.reason, FATAL_PAUSE_MS);
    else if (signal?.kind === 'cooldown') this.failed(signal.reason, signal.ms);
    // an answer or a heartbeat shows that the vendor is there, even when no price moves
    else if (this.isUsable) this.become('live');
  }

  private touched(): void {
    this.lastFrameAt = this.tools.clock.now();
    this.events.frame(this.lastFrameAt);
  }

  /** Connected but silent counts as down: says so, and starts again. */
  private watch(): void {
    const { deadAfterMs } = this.options;
    const silentFor = this.tools.clock.now() - this.lastFrameAt;
    if (silentFor < deadAfterMs) return this.schedule('watchdog', deadAfterMs - silentFor, () => this.watch());
    this.lastError = `silent for ${silentFor} ms`;
    this.become('stalled');
    this.failed(this.lastError);
  }

  private beat(everyMs: number, message: string | Buffer): void {
    this.schedule('heartbeat', everyMs, () => {
      this.send([message]);
      this.beat(everyMs, message);
    });
  }

  private failed(reason: string, pauseMs?: number): void {
    this.lastError = reason;
    this.drop();
    if (this.stopped) return;
    // stalled stays stalled until data flow again: it tells more than down
    if (this.state !== 'stalled') this.become('down');
    const wait = pauseMs ?? backoffMs(this.attempt++, this.options.backoff, this.tools.random);
    this.tools.log.warn({ feed: this.options.id, reason, retryInMs: Math.round(wait) }, 'feed connection lost');
    this.schedule('reconnect', wait, () => {
      if (this.wanted.size > 0) void this.connect();
    });
  }

  private drop(): void {
    const { socket } = this;
    this.socket = undefined;
    this.isUsable = false;
    this.subscribed.clear();
    this.outgoing = [];
    for (const name of ['watchdog', 'heartbeat', 'send', 'ready'] as const) this.cancel(name);
    socket?.on('error', () => undefined);
    socket?.terminate();
  }

  private send(messages: readonly (string | Buffer)[]): void {
    this.outgoing.push(...messages);
    if (!this.timers.has('send')) this.sendNext();
  }

  private sendNext(): void {
    const { messageGapMs = 0 } = this.options;
    while (this.outgoing.length > 0 && this.socket !== undefined) {
      this.socket.send(this.outgoing.shift() as string | Buffer);
      if (messageGapMs > 0) return this.schedule('send', messageGapMs, () => this.sendNext());
    }
  }

  private become(state: FeedState): void {
    // while it reconnects after a stall or loss it is still not to be relied on
    if (state === 'connecting' && (this.state === 'stalled' || this.state === 'down')) return;
    if (this.state === state) return;
    this.state = state;
    this.events.changed();
  }

  private schedule(name: Parameters<typeof this.timers.set>[0], ms: number, task: () => void): void {
    this.cancel(name);
    this.timers.set(
      name,
      this.tools.clock.after(ms, () => {
        this.timers.delete(name);
        task();
      }),
    );
  }

  private cancel(name: Parameters<typeof this.timers.set>[0]): void {
    this.timers.get(name)?.();
    this.timers.delete(name);
  }
}
