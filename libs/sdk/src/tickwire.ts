import { Channels } from './channels.js';
import { CompactDecoder } from './compact-decoder.js';
import { Connector, type ConnectionState } from './connector.js';
import {
  type Book,
  type Candle,
  type CandleInterval,
  type DrainingMessage,
  isKnown,
  type NoticeMessage,
  type OtherMessage,
  type Quote,
  type ServerMessage,
  type SlowMessage,
  type StatusMessage,
  type UpdateItem,
} from './contract.js';
import { Emitter } from './emitter.js';
import { TickwireError } from './errors.js';
import { Link } from './link.js';
import { Meter, type Metrics } from './metrics.js';
import type { Settings } from './options.js';
import { Poller } from './poller.js';
import { type Outcome, QuoteStore } from './quote-store.js';
import { socketIoTransport } from './socket-io-transport.js';
import type { Subscription } from './subscription.js';
import { Syncer } from './syncer.js';
import type { OpenTransport } from './transport.js';
import { type WebSocketConstructor, webSocketTransport } from './web-socket-transport.js';
import { type Change, fieldsOf, type QuoteHandler, type SubscribeOptions, type Wish, Wishes } from './wishes.js';

/** Where quotes come from now: the connection, REST polls, or nowhere. */
export type QuoteSource = 'live' | 'polling' | 'none';

export interface ConnectionEvent {
  readonly state: ConnectionState;
  readonly source: QuoteSource;
  /** Why, in words. */
  readonly reason: string;
}

export interface TickwireEvents {
  connection: ConnectionEvent;
  /** Every change of every quote. */
  quote: { readonly quote: Quote; readonly change: Change };
  /** The order book of a symbol has changed. */
  depth: { readonly symbol: string; readonly book: Book };
  /** Candles of a symbol have changed; oldest first. */
  candles: { readonly symbol: string; readonly interval: CandleInterval; readonly candles: readonly Candle[] };
  status: Omit<StatusMessage, 'type'>;
  slow: Omit<SlowMessage, 'type'>;
  draining: Omit<DrainingMessage, 'type'>;
  notice: Omit<NoticeMessage, 'type'>;
  error: TickwireError;
  /** Every message of the server that answers nothing, as it came. */
  message: ServerMessage | OtherMessage;
}

/** A client of one Tickwire server. Made by `connect`. */
export class Tickwire {
  private readonly emitter = new Emitter<TickwireEvents>((cause) => this.handlerFailed(cause));
  private readonly meter = new Meter();
  private readonly store = new QuoteStore();
  private readonly channels = new Channels();
  private readonly wishes = new Wishes();
  private readonly compact = new CompactDecoder();
  private readonly connector: Connector;
  private readonly syncer: Syncer;
  private readonly poller: Poller | undefined;
  private readonly stopListening: () => void;
  private heardAt: number | undefined;

  constructor(private readonly settings: Settings) {
    const { clock, random, fetch, polling, url, credentials, requestTimeoutMs } = settings;
    const transport = this.transport();
    const onError = (error: TickwireError): void => this.fail(error);
    this.syncer = new Syncer(this.wishes, this.store, settings, clock, this.meter, onError, (isWanted) => {
      this.store.retain(isWanted);
      this.channels.retain((symbol) => this.wishes.wanted(symbol));
    });
    this.connector = new Connector(
      (events) => new Link(transport, settings, clock, this.meter, events),
      settings,
      clock,
      random,
      this.meter,
      {
        state: (state, reason) => this.emitter.emit('connection', { state, source: this.source, reason }),
        failed: (failures) => this.fallBack(failures),
        up: (link, { epoch, limits }) => {
          this.poller?.stop();
          this.meter.forgetOffset();
          this.channels.unplace();
          // another node may have other numbers for the instruments in the same epoch
          this.compact.reset();
          this.store.enter(epoch);
          this.syncer.attach(link, limits);
        },
        down: () => this.syncer.detach(),
        message: (message) => this.receive(message),
        error: (error) => {
          if (error.code === 'DECODE_FAILED') this.syncer.repairAll();
          this.fail(error);
        },
      },
    );
    this.poller =
      fetch === undefined || polling === undefined
        ? undefined
        : new Poller(
            fetch,
            { url, credentials, intervalMs: polling.intervalMs, timeoutMs: requestTimeoutMs },
            () => this.wishes.symbols,
            clock,
            (quote) => this.polled(quote),
            onError,
          );
    this.stopListening = listenForNetwork(() => this.connector.hurry());
  }

  get state(): ConnectionState {
    return this.connector.state;
  }

  get source(): QuoteSource {
    if (this.state === 'OPEN') return 'live';
    return this.poller?.isRunning === true ? 'polling' : 'none';
  }

  /** When the last message of the server came, epoch ms. */
  get lastMessageAt(): number | undefined {
    return this.heardAt;
  }

  /** Symbols wished now, by any subscription. */
  get subscriptions(): readonly string[] {
    return this.wishes.symbols;
  }

  /** Connects, after `autoConnect: false`, `disconnect`, or when it has given up. */
  connect(): void {
    this.connector.connect();
  }

  /** Ends the connection and polling. Subscriptions stay, and are taken up by the next `connect`. */
  disconnect(): void {
    this.poller?.stop();
    this.connector.disconnect();
  }

  /** Makes a new connection now, whatever is with the present one. */
  reconnect(): void {
    this.connector.reconnect();
  }

  /** Ends everything: subscriptions, connection, polling. */
  close(): Promise<void> {
    this.disconnect();
    this.stopListening();
    this.unsubscribe();
    this.syncer.stop();
    this.store.retain(() => false);
    this.channels.retain(() => undefined);
    return Promise.resolve();
  }

  /**
   * Wants symbols, from now on and across connections. The handler gets each present quote first, then every change.
   * Symbols the server refuses are named in `error` events.
   * @throws TypeError if the compact format is to carry order books or candles
   * @throws TickwireError QUEUE_FULL if more is wished without a connection than `queueSize` allows
   */
  subscribe(symbols: readonly string[], options: SubscribeOptions, handler?: QuoteHandler): Subscription;
  subscribe(symbols: readonly string[], handler?: QuoteHandler): Subscription;
  subscribe(symbols: readonly string[], second?: SubscribeOptions | QuoteHandler, third?: QuoteHandler): Subscription {
    const options = typeof second === 'object' ? second : {};
    const handler = typeof second === 'function' ? second : third;
    if (this.settings.format === 'compact' && (options.mode === 'depth' || options.candles !== undefined))
      throw new TypeError('The compact format carries quotes only: use "msgpack" or "json" for depth and candles');
    const wish: Wish = { options, handler, symbols: new Set() };
    this.want(wish, symbols);
    return {
      options,
      get symbols() {
        return [...wish.symbols];
      },
      add: (more) => this.want(wish, more),
      remove: (some) => this.forget(wish, some),
      unsubscribe: () => this.forget(wish, [...wish.symbols]),
    };
  }

  /** Ends every subscription's interest in the symbols; in all when none are given. */
  unsubscribe(symbols: readonly string[] = this.wishes.symbols): void {
    for (const symbol of symbols) for (const wish of this.wishes.of(symbol)) this.forget(wish, [symbol]);
  }

  /** The last known quote of a subscribed symbol. Frozen: a change makes a new object. */
  quote(symbol: string): Quote | undefined {
    return this.store.quote(symbol);
  }

  /** The order book of a symbol subscribed with mode `depth`. */
  book(symbol: string): Book | undefined {
    return this.channels.book(symbol);
  }

  /** Candles of a symbol subscribed with `candles`, oldest first, at most 1000. */
  candles(symbol: string, interval: CandleInterval): readonly Candle[] {
    return this.channels.candles(symbol, interval);
  }

  /** @returns what ends it */
  on<E extends keyof TickwireEvents>(event: E, listener: (payload: TickwireEvents[E]) => void): () => void {
    return this.emitter.on(event, listener);
  }

  metrics(): Metrics {
    return this.meter.read();
  }

  private transport(): OpenTransport {
    const { io, WebSocket } = this.settings;
    return io === undefined
      ? webSocketTransport(WebSocket as WebSocketConstructor, this.compact)
      : socketIoTransport(io);
  }

  private want(wish: Wish, symbols: readonly string[]): void {
    const { queueSize } = this.settings;
    if (this.state !== 'OPEN') {
      const added = new Set(symbols.filter((symbol) => this.wishes.of(symbol).size === 0));
      if (this.wishes.size + added.size > queueSize)
        throw new TickwireError('QUEUE_FULL', `At most ${queueSize} symbols wait for a connection`, true);
    }
    for (const symbol of symbols) {
      if (wish.symbols.has(symbol)) continue;
      this.wishes.add(wish, symbol);
      if (this.store.quote(symbol) !== undefined) queueMicrotask(() => this.greet(wish, symbol));
    }
    this.syncer.touch();
    this.poller?.hurry();
  }

  private forget(wish: Wish, symbols: readonly string[]): void {
    for (const symbol of symbols) this.wishes.remove(wish, symbol);
    this.syncer.touch();
  }

  /** A subscription that joins a symbol others have already gets what is held. */
  private greet(wish: Wish, symbol: string): void {
    const quote = this.store.quote(symbol);
    if (quote === undefined || !wish.symbols.has(symbol)) return;
    this.handle(wish, quote, this.change('snapshot', symbol, quote, this.settings.clock.now()));
  }

  private receive(message: ServerMessage | OtherMessage): void {
    this.heardAt = this.settings.clock.now();
    if (isKnown(message)) this.act(message);
    this.emitter.emit('message', message);
  }

  private act(message: ServerMessage): void {
    switch (message.type) {
      case 'batch_update': {
        this.meter.arrived(message.timestamp, this.settings.clock.now());
        const isWhole = message.compression === 'none';
        for (const item of message.updates) this.take(item, this.update(item, isWhole), 'update', message.timestamp);
        return;
      }
      case 'price_update':
        this.meter.arrived(message.timestamp, this.settings.clock.now());
        return this.take(message, this.update(message, message.compression === 'none'), 'update', message.timestamp);
      case 'snapshot':
        this.meter.arrived(message.timestamp, this.settings.clock.now());
        return this.take(message, this.snapshot(message, message.epoch), 'snapshot', message.timestamp);
      case 'depth_snapshot':
      case 'depth_update': {
        const { symbol } = message;
        if (this.wishes.of(symbol).size === 0) return;
        return this.takeChannel(symbol, this.channels.takeBook(message), () =>
          this.emitter.emit('depth', { symbol, book: this.channels.book(symbol) as Book }),
        );
      }
      case 'candle_snapshot':
      case 'candle_update': {
        const { symbol, interval } = message;
        if (this.wishes.of(symbol).size === 0) return;
        return this.takeChannel(symbol, this.channels.takeCandles(message), () =>
          this.emitter.emit('candles', { symbol, interval, candles: this.channels.candles(symbol, interval) }),
        );
      }
      case 'status':
        return this.emitter.emit('status', message);
      case 'slow':
        if (message.resumed) this.meter.count('dropped', message.dropped);
        return this.emitter.emit('slow', message);
      case 'draining':
        this.connector.comeBack(message.reconnectAfter);
        return this.emitter.emit('draining', message);
      case 'notice':
        return this.emitter.emit('notice', message);
      case 'error':
        return this.fail(new TickwireError(message.code, message.message, message.retryable, message.symbol));
      default:
    }
  }

  /** What the server still sends of a symbol nobody wants any more is of no account. */
  private update(item: UpdateItem, isWhole: boolean): Outcome | undefined {
    return this.wishes.of(item.symbol).size === 0 ? undefined : this.store.update(item, isWhole);
  }

  private snapshot(item: UpdateItem, epoch: string): Outcome | undefined {
    return this.wishes.of(item.symbol).size === 0 ? undefined : this.store.snapshot(item, epoch);
  }

  private take(item: UpdateItem, outcome: Outcome | undefined, kind: 'update' | 'snapshot', sentAt: number): void {
    switch (outcome?.kind) {
      case 'applied':
        this.meter.count(kind === 'update' ? 'updates' : 'snapshots');
        this.syncer.fits(item.symbol);
        return this.deliver(outcome.quote, this.change(kind, item.symbol, outcome.values, sentAt));
      case 'repeated':
        return this.meter.count('repeated');
      case 'gap':
        if (this.syncer.repair(item.symbol)) this.meter.count('gaps');
        return;
      default:
    }
  }

  private takeChannel(symbol: string, taken: ReturnType<Channels['takeBook']>, tell: () => void): void {
    if (taken === 'applied') tell();
    else if (taken === 'repeated') this.meter.count('repeated');
    else if (this.syncer.repair(symbol)) this.meter.count('gaps');
  }

  private polled(quote: Quote): void {
    this.meter.count('polls');
    if (this.wishes.of(quote.symbol).size === 0) return;
    const outcome = this.store.polled(quote);
    if (outcome.kind === 'applied')
      this.deliver(outcome.quote, this.change('poll', quote.symbol, outcome.values, this.settings.clock.now()));
  }

  private change(kind: Change['kind'], symbol: string, values: Change['values'], sentAt: number): Change {
    const sequence = this.store.sequence(symbol);
    return { kind, values, sentAt, ...(sequence === undefined ? {} : { epoch: this.store.epoch, sequence }) };
  }

  private deliver(quote: Quote, change: Change): void {
    let isNews = false;
    for (const _field in change.values) {
      isNews = true;
      break;
    }
    if (!isNews) return;
    for (const wish of this.wishes.of(quote.symbol)) if (concerns(wish, change)) this.handle(wish, quote, change);
    if (this.emitter.has('quote')) this.emitter.emit('quote', { quote, change });
  }

  private handle(wish: Wish, quote: Quote, change: Change): void {
    try {
      wish.handler?.(quote, change);
    } catch (error) {
      this.handlerFailed(error);
    }
  }

  private fallBack(failures: number): void {
    const { polling } = this.settings;
    if (polling === undefined || failures < polling.after || this.poller === undefined || this.poller.isRunning) return;
    this.poller.start();
    this.emitter.emit('connection', {
      state: this.state,
      source: this.source,
      reason: `polling after ${failures} failed attempts`,
    });
  }

  private fail(error: TickwireError): void {
    this.meter.count('errors');
    this.emitter.emit('error', error);
  }

  private handlerFailed(cause: unknown): void {
    // a mistake of the application is reported where it looks for mistakes, and does not stop the prices
    queueMicrotask(() => {
      throw cause;
    });
  }
}

/** Whether a subscription that asked for some fields has any of them in this change. */
function concerns(wish: Wish, { values }: Change): boolean {
  const fields = fieldsOf(wish.options);
  return fields === undefined || fields.some((field) => field in values);
}

/** Browsers say when the network is back. */
function listenForNetwork(onBack: () => void): () => void {
  const target = globalThis as {
    addEventListener?: (type: string, listener: () => void) => void;
    removeEventListener?: (type: string, listener: () => void) => void;
  };
  target.addEventListener?.('online', onBack);
  return () => target.removeEventListener?.('online', onBack);
}
