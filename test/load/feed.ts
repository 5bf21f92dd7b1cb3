import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { BenchMarket } from './market.js';

const SEND_EVERY_MS = 4;
const HEARTBEAT_MS = 2_000;
/** After a pause longer than this the feed goes on from now: a burst would measure the pause, not the server. */
const LONGEST_CATCH_UP_MS = 100;

export interface FeedOptions {
  readonly symbols: number;
  readonly seed: number;
  /** Called for every tick sent while the rate is not 0. */
  readonly onTick: (symbolIndex: number, now: number) => void;
}

/**
 * A vendor that speaks the sandbox's generic JSON dialect: `/json/stream` and `/instruments.csv`. Every subscribed symbol
 * ticks at the same rate, at phases spread evenly, so that the stream is steady.
 */
export class BenchFeed {
  private readonly market: BenchMarket;
  private readonly http: Server;
  private readonly streams = new Set<Stream>();
  private readonly timers: NodeJS.Timeout[] = [];
  private ticksPerSecond = 0;

  constructor(private readonly options: FeedOptions) {
    this.market = new BenchMarket(options.symbols, options.seed);
    const csv = this.market.instrumentsCsv();
    this.http = createServer((request, response) => {
      if (request.url === '/instruments.csv') response.setHeader('content-type', 'text/csv').end(csv);
      else response.writeHead(404).end();
    });
    new WebSocketServer({ server: this.http, path: '/json/stream' }).on('connection', (socket) => this.accept(socket));
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.http.listen(0, '127.0.0.1', resolve));
    this.timers.push(
      setInterval(() => this.send(), SEND_EVERY_MS),
      setInterval(() => this.beat(), HEARTBEAT_MS),
    );
    return (this.http.address() as AddressInfo).port;
  }

  /** Ticks a second of each symbol from now on; 0 leaves only heartbeats. */
  setRate(ticksPerSecond: number): void {
    this.ticksPerSecond = ticksPerSecond;
    for (const stream of this.streams) stream.restart();
  }

  private accept(socket: WebSocket): void {
    const stream = new Stream(socket, this.market, this.options.onTick);
    this.streams.add(stream);
    socket.on('message', (data: Buffer) => stream.onMessage(data.toString()));
    socket.on('close', () => this.streams.delete(stream));
    socket.on('error', () => socket.terminate());
  }

  private send(): void {
    if (this.ticksPerSecond > 0) for (const stream of this.streams) stream.sendDue(this.ticksPerSecond);
  }

  private beat(): void {
    for (const { socket } of this.streams) socket.send(`{"type":"heartbeat","t":${Date.now()}}`);
  }
}

/** One connection of the server under test, with the symbols it asked for. */
class Stream {
  private readonly wanted = new Set<number>();
  private order: number[] = [];
  private cursor = 0;
  private lastSend = performance.now();
  private due = 0;

  constructor(
    readonly socket: WebSocket,
    private readonly market: BenchMarket,
    private readonly onTick: FeedOptions['onTick'],
  ) {}

  restart(): void {
    this.lastSend = performance.now();
    this.due = 0;
  }

  onMessage(text: string): void {
    const { op, symbols = [] } = JSON.parse(text) as { op?: string; symbols?: string[] };
    const known = symbols.filter((symbol) => this.market.indexOf(symbol) !== undefined);
    const indices = known.map((symbol) => this.market.indexOf(symbol)!);
    if (op === 'subscribe') {
      for (const index of indices) this.wanted.add(index);
      const rejected = symbols.filter((symbol) => !known.includes(symbol));
      this.socket.send(JSON.stringify({ type: 'subscribed', symbols: known, rejected }));
      if (indices.length > 0) this.sendQuotes(indices, Date.now());
    } else if (op === 'unsubscribe') {
      for (const index of indices) this.wanted.delete(index);
      this.socket.send(JSON.stringify({ type: 'unsubscribed', symbols: known }));
    }
    this.order = [...this.wanted].toSorted((a, b) => phaseOf(a) - phaseOf(b));
    this.cursor = 0;
  }

  /** Round robin over the symbols: each ticks again when all others have. */
  sendDue(ticksPerSecond: number): void {
    const now = performance.now();
    const elapsed = Math.min(now - this.lastSend, LONGEST_CATCH_UP_MS);
    this.lastSend = now;
    this.due += (elapsed * ticksPerSecond * this.order.length) / 1_000;
    const indices: number[] = [];
    for (; this.due >= 1; this.due--) {
      indices.push(this.order[this.cursor]!);
      this.cursor = (this.cursor + 1) % this.order.length;
    }
    if (indices.length === 0) return;
    const eventTime = Date.now();
    this.sendQuotes(indices, eventTime);
    for (const index of indices) this.onTick(index, eventTime);
  }

  private sendQuotes(indices: readonly number[], eventTime: number): void {
    const quotes = indices.map((index) => this.market.tick(index, eventTime));
    this.socket.send(`{"type":"quotes","data":[${quotes.join(',')}]}`);
  }
}

/**
 * When in the common cycle a symbol ticks. Symbols are numbered by popularity; multiples of the golden ratio keep the popular
 * ones far apart, else their deliveries would come as one burst.
 */
function phaseOf(index: number): number {
  return (index * 0.6180339887498949) % 1;
}
