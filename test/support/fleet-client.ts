import { io, type Socket } from 'socket.io-client';
import { WebSocket } from 'ws';
import { applyDelta } from './apply-delta.js';
import type { UpdateLedger } from './update-ledger.js';

const RECONNECT_MS = 50;
const RECONNECT_SPREAD_MS = 200;

interface Item {
  readonly symbol: string;
  readonly seq: number;
  readonly prev?: number;
  readonly data: object;
}

interface Message {
  readonly type?: string;
  readonly epoch?: string;
  readonly compression?: string;
  readonly updates?: readonly Item[];
}

interface Connection {
  /** Says what is wanted, and where this client is. */
  subscribe(payload: object): void;
  close(): void;
}

interface Events {
  opened(): void;
  message(type: string, message: Message): void;
  closed(): void;
}

export type Door = 'websocket' | 'socket.io';

/** A client of the contract that returns after every break with `resume`, and tells the ledger all it holds. */
export class FleetClient {
  readonly quotes = new Map<string, object>();
  epoch = '';
  /** How it was told of its symbols since it was last asked. */
  readonly types: string[] = [];
  /** Symbol and sequence of what it was told, in order. */
  readonly taken: string[] = [];
  connections = 0;
  private sequences: Record<string, number> = {};
  /** Where it was when it connected: a node that is behind the one before says this again. */
  private known: Readonly<Record<string, number>> = {};
  private connection: Connection | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isOpen = false;
  private isClosed = false;
  private newest = 0;
  /** When there was news of the market last, by `performance.now()`. */
  heardAt = performance.now();
  private longestMs = 0;
  private askedAt = 0;
  /** From its last subscription to the first quote that answers it, ms; undefined until then. */
  answeredMs: number | undefined;

  constructor(
    private readonly number: number,
    private url: string,
    private readonly door: Door,
    readonly symbols: readonly string[],
    private readonly ledger: UpdateLedger,
  ) {
    this.connect();
  }

  /** Sequence of a symbol; 0 before its first. */
  sequence(symbol: string): number {
    return this.sequences[symbol] ?? 0;
  }

  /** Longest time without news of the market, ms, since it was last asked. */
  takeGap(): number {
    const longest = Math.max(this.longestMs, performance.now() - this.heardAt);
    this.longestMs = 0;
    this.heardAt = performance.now();
    return longest;
  }

  leave(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
    this.connection?.close();
  }

  /** Goes to another node, with what it knows. */
  moveTo(url: string): void {
    this.leave();
    this.url = url;
    this.isClosed = false;
    this.types.length = 0;
    this.connect();
  }

  private connect(): void {
    const open = this.door === 'websocket' ? overWebSocket : overSocketIo;
    // what an earlier connection still says is not meant for this one
    const current = ++this.connections;
    const only =
      <A extends unknown[]>(act: (...given: A) => void) =>
      (...given: A): void => {
        if (!this.isClosed && current === this.connections) act(...given);
      };
    this.connection = open(this.url, {
      opened: only(() => this.opened()),
      message: only((type: string, message: Message) => this.take(type, message)),
      closed: only(() => this.closed()),
    });
  }

  private opened(): void {
    this.isOpen = true;
    this.known = { ...this.sequences };
    const resume = this.epoch === '' ? undefined : { epoch: this.epoch, sequences: { ...this.sequences } };
    const options = { compression: 'delta', batch: true };
    this.askedAt = performance.now();
    this.answeredMs = undefined;
    this.connection?.subscribe({ symbols: this.symbols, ...options, ...(resume && { resume }) });
  }

  private closed(): void {
    this.isOpen = false;
    // spread, as the SDK does, but the same in every run
    const spread = (this.number * 37) % RECONNECT_SPREAD_MS;
    this.timer = setTimeout(() => this.connect(), RECONNECT_MS + spread);
  }

  get isConnected(): boolean {
    return this.isOpen;
  }

  private take(type: string, message: Message): void {
    if (type === 'connected') return this.begin(message.epoch ?? '');
    if (type === 'error') return this.ledger.fault(`client ${this.number} is told ${JSON.stringify(message)}`);
    if (type === 'snapshot') this.snapshot(message as Item & { epoch: string });
    else if (type === 'price_update') this.update(message as Item, message.compression);
    else if (type === 'batch_update') for (const item of message.updates ?? []) this.update(item, message.compression);
    else return;
    this.answeredMs ??= performance.now() - this.askedAt;
    this.types.push(type);
  }

  /** Positions of another epoch mean nothing any more. */
  private begin(epoch: string): void {
    if (epoch === this.epoch || this.epoch === '') return;
    this.sequences = {};
    this.known = {};
    this.epoch = epoch;
  }

  private snapshot({ symbol, seq, data, epoch }: Item & { epoch: string }): void {
    this.begin(epoch);
    this.epoch = epoch;
    const at = this.sequence(symbol);
    if (seq < at) this.ledger.fault(`client ${this.number}: ${symbol} goes back from ${at} to ${seq} in ${epoch}`);
    this.hold(symbol, seq, data);
  }

  private update({ symbol, seq, prev = seq - 1, data }: Item, compression: string | undefined): void {
    const at = this.sequence(symbol);
    if (seq <= (this.known[symbol] ?? 0)) return;
    if (seq <= at)
      this.ledger.fault(`client ${this.number}: ${symbol} ${seq} comes again after ${at} in ${this.epoch}`);
    else if (prev > at) this.ledger.fault(`client ${this.number}: ${symbol} ${seq} after ${at} in ${this.epoch}`);
    else this.hold(symbol, seq, compression === 'delta' ? applyDelta(this.quotes.get(symbol) ?? {}, data) : data);
  }

  private hold(symbol: string, seq: number, quote: object): void {
    this.sequences[symbol] = seq;
    this.quotes.set(symbol, quote);
    this.ledger.note(this.epoch, symbol, seq, quote);
    this.taken.push(`${symbol} ${seq}`);
    const time = Date.parse((quote as { timestamp?: string }).timestamp ?? '');
    if (!(time > this.newest)) return;
    this.newest = time;
    const now = performance.now();
    this.longestMs = Math.max(this.longestMs, now - this.heardAt);
    this.heardAt = now;
  }
}

function overWebSocket(url: string, events: Events): Connection {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`);
  socket.on('open', () => events.opened());
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as Message;
    events.message(message.type ?? '', message);
  });
  socket.on('close', () => events.closed());
  socket.on('error', () => undefined);
  return {
    subscribe: (payload) => socket.send(JSON.stringify({ action: 'subscribe', ...payload })),
    close: () => socket.terminate(),
  };
}

function overSocketIo(url: string, events: Events): Connection {
  const socket: Socket = io(url, { transports: ['websocket'], forceNew: true, reconnection: false });
  socket.on('connect', () => events.opened());
  socket.onAny((type: string, message: Message) => events.message(type, message));
  for (const event of ['disconnect', 'connect_error']) socket.on(event, () => events.closed());
  return {
    subscribe: (payload) => socket.emit('subscribe', payload),
    close: () => socket.disconnect(),
  };
}
