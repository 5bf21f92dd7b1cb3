import type { Feed, FeedSink, FeedStatus, Instrument, Tick, VendorId } from '#domain';
import type { VendorTools } from '../define-vendor.js';
import type { BackoffOptions } from './backoff.js';
import { StatusKeeper } from './status-keeper.js';
import { WsConnection } from './ws-connection.js';

/** What a frame means for the connection, beside the ticks in it. */
export type FrameSignal =
  | { readonly kind: 'ready' }
  /** Trying again with the same settings is useless for long. */
  | { readonly kind: 'fatal'; readonly reason: string }
  /** The vendor wants no connection from us for a while. */
  | { readonly kind: 'cooldown'; readonly ms: number; readonly reason: string };

export interface WsFeedOptions {
  readonly id: string;
  readonly vendor: VendorId;
  /** Asked before every connection, because some URLs serve once. */
  url(): string | Promise<string>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly limits: { readonly sockets: number; readonly symbolsPerSocket: number };
  carries(instrument: Instrument): boolean;
  /** Messages to send, in order; strings go as text, buffers as binary. */
  readonly onOpen?: readonly (string | Buffer)[];
  /** True when the connection may be used only after a `ready` signal. */
  readonly awaitsReady?: boolean;
  subscribe(instruments: readonly Instrument[]): readonly (string | Buffer)[];
  unsubscribe(instruments: readonly Instrument[]): readonly (string | Buffer)[];
  /** Pause between two messages to the vendor, ms. */
  readonly messageGapMs?: number;
  readonly heartbeat?: { readonly everyMs: number; readonly message: string | Buffer };
  /** Bytes or text of one frame, as the vendor sent it. @throws VendorFrameError or SyntaxError if it fits no documented variant */
  parse(data: Buffer, isBinary: boolean, receivedAt: number): readonly Tick[];
  /** What a frame without ticks says about the connection. */
  signal?(data: Buffer, isBinary: boolean): FrameSignal | undefined;
  /** Connected but silent for longer counts as stalled, ms. */
  readonly deadAfterMs: number;
  readonly handshakeMs: number;
  readonly maxFrameBytes: number;
  readonly backoff: BackoffOptions;
  /** A connection nobody needs any more is kept this long, ms: demand often comes back. */
  readonly lingerMs: number;
}

/**
 * A vendor's stream over one or more WebSockets. Instruments stay on the socket they are on; sockets are opened when the others are
 * full and closed when they are empty.
 */
export class WsFeed implements Feed {
  readonly id: string;
  readonly vendor: VendorId;
  private readonly connections: WsConnection[] = [];
  private readonly keeper: StatusKeeper;
  private sink: FeedSink | undefined;
  /** Wanted instruments for which no socket has room. */
  private unplaced = 0;

  constructor(
    private readonly options: WsFeedOptions,
    private readonly tools: VendorTools,
  ) {
    this.id = options.id;
    this.vendor = options.vendor;
    this.keeper = new StatusKeeper(options.id, options.vendor, tools.clock, () => this.carried());
    tools.meter.gauge('feed_connections', 'Open connections of a feed', () => this.connections.length, {
      feed: options.id,
    });
    tools.meter.gauge('feed_unplaced', 'Wanted instruments no connection has room for', () => this.unplaced, {
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
    const wanted = new Map(instruments.map((instrument) => [instrument.id, instrument]));
    for (const connection of this.connections) {
      for (const id of connection.wanted.keys()) if (!wanted.delete(id)) connection.wanted.delete(id);
    }
    this.place(wanted.values());
    for (const connection of this.connections) connection.reconcile();
    this.review();
  }

  status(): FeedStatus {
    return this.keeper.status();
  }

  async stop(): Promise<void> {
    for (const connection of this.connections.splice(0)) connection.stop();
    await Promise.resolve();
  }

  private place(instruments: Iterable<Instrument>): void {
    const { sockets, symbolsPerSocket } = this.options.limits;
    this.unplaced = 0;
    for (const instrument of instruments) {
      let target = this.connections.find(({ wanted }) => wanted.size < symbolsPerSocket);
      if (target === undefined && this.connections.length < sockets) this.connections.push((target = this.open()));
      if (target === undefined) this.unplaced++;
      else target.wanted.set(instrument.id, instrument);
    }
  }

  private open(): WsConnection {
    const connection: WsConnection = new WsConnection(this.options, this.tools, {
      ticks: (ticks) => this.emit(ticks),
      malformed: (reason, sample) => this.sink?.malformed(this.vendor, reason, sample),
      frame: (at) => {
        this.keeper.lastFrameAt = at;
      },
      changed: () => this.review(),
      idle: () => this.close(connection),
    });
    return connection;
  }

  private emit(ticks: readonly Tick[]): void {
    for (let i = 0; i < ticks.length; i++) this.sink?.tick(ticks[i] as Tick);
  }

  private close(connection: WsConnection): void {
    const index = this.connections.indexOf(connection);
    if (index >= 0) this.connections.splice(index, 1);
    connection.stop();
    this.review();
  }

  private carried(): number {
    return this.connections.reduce((sum, { wanted }) => sum + wanted.size, 0);
  }

  /** The feed is as good as its worst connection that is needed. */
  private review(): void {
    const needed = this.connections.filter(({ wanted }) => wanted.size > 0);
    const worst = (['stalled', 'down', 'connecting', 'live'] as const).find((state) =>
      needed.some((one) => one.state === state),
    );
    const troubled = needed.find(({ state }) => state === worst);
    this.keeper.become(worst ?? 'idle', troubled?.lastError);
  }
}
