import type {
  EpochMs,
  Feed,
  FeedSink,
  FeedStatus,
  Instrument,
  InstrumentId,
  Tick,
  VendorFrameError,
  VendorId,
} from '#domain';
import type { VendorTools } from '../define-vendor.js';
import type { BackoffOptions } from './backoff.js';
import type { Message } from './paced-sender.js';
import { assignSockets, type SocketLimits } from './socket-assignment.js';
import { StatusKeeper } from './status-keeper.js';
import { WsConnection } from './ws-connection.js';

/** What a frame means for the connection, beside the ticks in it. */
export type FrameSignal =
  | { readonly kind: 'ready' }
  /** Something went wrong that ends nothing: it is logged, and is no sign of life. */
  | { readonly kind: 'error'; readonly reason: string }
  /** Trying again with the same settings is useless for long. */
  | { readonly kind: 'fatal'; readonly reason: string }
  /** The vendor wants no connection from us for a while. */
  | { readonly kind: 'cooldown'; readonly ms: number; readonly reason: string }
  /** The vendor will not send these: unknown to it, or over its limit. They go to the next vendor, and are asked for again later. */
  | { readonly kind: 'refused'; readonly instruments: readonly InstrumentId[]; readonly reason: string };

/** The socket a frame came on: one object per socket, so that what a protocol remembers of a connection can be kept under it. */
export interface FrameContext {
  /** Answers the vendor: acknowledgements, pongs of its own making. */
  reply(...messages: Message[]): void;
  /** Reports a part of the frame that cannot be read, when the rest can. */
  malformed(error: VendorFrameError): void;
}

export interface WsFeedOptions {
  readonly id: string;
  readonly vendor: VendorId;
  /** Asked before every connection, because some URLs serve once. */
  url(): string | Promise<string>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly limits: SocketLimits;
  /** Delayed data, by the plan. */
  readonly isDelayed?: boolean;
  carries(instrument: Instrument): boolean;
  /** Messages of every new connection, in order; asked after the URL, because some credentials serve once. */
  onOpen?(): readonly Message[];
  /** True when the connection may be used only after a `ready` signal. */
  readonly awaitsReady?: boolean;
  /** Longest wait for it, ms; `handshakeMs` when not given. */
  readonly readyMs?: number;
  /**
   * Gets what `subscribe` needs to know of instruments, such as the vendor's token of each; asked before each subscription.
   * @returns instruments the vendor does not know; rejects when the step fails, and is tried again
   */
  prepare?(instruments: readonly Instrument[]): Promise<readonly InstrumentId[]>;
  /** HTTP statuses of a handshake that mean that our credentials are wrong; 401 and 403 when not given. */
  readonly refusals?: readonly number[];
  /** Follow redirects of the handshake. */
  readonly followRedirects?: boolean;
  subscribe(instruments: readonly Instrument[]): readonly Message[];
  unsubscribe(instruments: readonly Instrument[]): readonly Message[];
  /** Pause between two messages to the vendor, ms. */
  readonly messageGapMs?: number;
  /** What we send regularly: a message, or a WebSocket ping without one. */
  readonly heartbeat?: { readonly everyMs: number; readonly message?: Message };
  /** WebSocket pings beside a heartbeat that is a message, ms apart: their answers are a sign of life where that has none. */
  readonly pingEveryMs?: number;
  /** Bytes or text of one frame, as the vendor sent it. @throws VendorFrameError or SyntaxError if it fits no documented variant */
  parse(data: Buffer, isBinary: boolean, receivedAt: number, context: FrameContext): readonly Tick[];
  /** What a frame without ticks says about the connection. */
  signal?(data: Buffer, isBinary: boolean): FrameSignal | undefined;
  /** What a close code means that the vendor does not explain beforehand, and how long it is left alone, ms. */
  closed?(code: number): { readonly reason: string; readonly pauseMs?: number } | undefined;
  /** Takes secrets out of a text that goes to logs and reports. */
  redact?(text: string): string;
  /** Connected but silent for longer counts as stalled, ms. Pings and pongs count as frames. */
  readonly deadAfterMs: number;
  /**
   * For a vendor that sends the present value of everything subscribed: how long that may take, ms. What is silent for longer counts
   * as refused; some vendors ignore what they do not know.
   */
  readonly firstTickMs?: number;
  readonly handshakeMs: number;
  readonly maxFrameBytes: number;
  readonly backoff: BackoffOptions;
  /** A connection nobody needs any more is kept this long, ms: demand often comes back. */
  readonly lingerMs: number;
  /** Ends what `url` and `prepare` use, when the feed is stopped. */
  onStop?(): Promise<void>;
}

/**
 * A vendor's stream over one or more WebSockets. Instruments stay on the socket they are on; sockets are opened when the others are
 * full, and closed when the others have room for what is left.
 */
export class WsFeed implements Feed {
  readonly id: string;
  readonly vendor: VendorId;
  readonly capacity: number;
  readonly isDelayed: boolean;
  private readonly connections: WsConnection[] = [];
  private readonly keeper: StatusKeeper;
  private sink: FeedSink | undefined;
  private isStopped = false;
  private wanted: readonly Instrument[] = [];
  /** Wanted instruments for which no socket has room. */
  private unplaced: readonly InstrumentId[] = [];
  private missing: ReadonlySet<InstrumentId> = new Set();

  constructor(
    private readonly options: WsFeedOptions,
    private readonly tools: VendorTools,
  ) {
    this.id = options.id;
    this.vendor = options.vendor;
    this.isDelayed = options.isDelayed ?? false;
    this.capacity = options.limits.sockets * options.limits.symbolsPerSocket;
    this.keeper = new StatusKeeper(options.id, options.vendor, tools.clock, () => ({
      instruments: this.wanted.length,
      unserved: this.missing.size,
      connections: this.connections.map((connection) => connection.status()),
    }));
    tools.meter.gauge('feed_connections', 'Open connections of a feed', () => this.connections.length, {
      feed: options.id,
    });
    tools.meter.gauge('feed_unplaced', 'Wanted instruments no connection has room for', () => this.unplaced.length, {
      feed: options.id,
    });
  }

  carries(instrument: Instrument): boolean {
    return this.options.carries(instrument);
  }

  start(sink: FeedSink): void {
    this.sink = sink;
    this.keeper.onChange((status) => sink.status(status));
  }

  want(instruments: readonly Instrument[]): void {
    if (this.isStopped) return;
    this.wanted = instruments;
    this.assign();
    this.review();
  }

  release(): void {
    for (const connection of this.connections.filter(({ wanted }) => wanted.size === 0)) this.close(connection);
  }

  unserved(): ReadonlySet<InstrumentId> {
    return this.missing;
  }

  streamingSince(id: InstrumentId): EpochMs | undefined {
    for (const connection of this.connections) {
      const since = connection.streamingSince(id);
      if (since !== undefined) return since;
    }
    return undefined;
  }

  status(): FeedStatus {
    return this.keeper.status();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    for (const connection of this.connections.splice(0)) connection.stop();
    await this.options.onStop?.();
  }

  private assign(): void {
    const { sockets, unplaced } = assignSockets(this.connections, this.wanted, this.options.limits);
    this.unplaced = unplaced;
    while (this.connections.length < sockets.length) this.connections.push(this.connection());
    for (const [i, wanted] of sockets.entries()) this.connections[i]?.want(wanted);
  }

  private connection(): WsConnection {
    const connection: WsConnection = new WsConnection(this.options, this.tools, {
      ticks: (ticks) => this.emit(ticks),
      malformed: (reason, sample) => this.sink?.malformed(this.vendor, reason, sample),
      frame: (at) => {
        this.keeper.lastFrameAt = at;
      },
      changed: () => this.changed(connection),
      idle: () => this.close(connection),
    });
    return connection;
  }

  private emit(ticks: readonly Tick[]): void {
    for (let i = 0; i < ticks.length; i++) this.sink?.tick(ticks[i] as Tick);
  }

  private changed(connection: WsConnection): void {
    // others may have room for what a failing connection was to carry
    if (connection.isFailing && !this.isStopped) this.assign();
    this.review();
  }

  private close(connection: WsConnection): void {
    const index = this.connections.indexOf(connection);
    if (index >= 0) this.connections.splice(index, 1);
    connection.stop();
    this.review();
  }

  /** The feed is as good as its best connection; what the others leave out is told by instrument. */
  private review(): void {
    const before = this.missing;
    this.missing = new Set([...this.unplaced, ...this.connections.flatMap((connection) => [...connection.unserved()])]);
    const needed = this.connections.filter(({ wanted }) => wanted.size > 0);
    const best = (['live', 'connecting', 'stalled', 'down'] as const).find((state) =>
      needed.some((one) => one.state === state),
    );
    const troubled = needed.find(({ isLive }) => !isLive);
    const isTold = this.keeper.become(best ?? 'idle', troubled?.lastError);
    const isSame = before.size === this.missing.size && [...before].every((id) => this.missing.has(id));
    if (!isTold && !isSame) this.sink?.status(this.status());
  }
}
