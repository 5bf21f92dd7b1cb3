import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Cancel } from '#domain';
import type { Fault } from '../faults.js';
import type { Listing } from '../market-model/listing.js';
import type { SimulatorTools, VendorSimulator } from '../simulator.js';

const PATH = '/json/stream';
const HEARTBEAT_MS = 2000;

/** One record of a `quotes` frame; all but symbol, price and time are left out when they have not changed. */
interface QuoteRecord {
  s: string;
  p: number;
  t: number;
  [field: string]: unknown;
}

interface Connection {
  readonly socket: WebSocket;
  /** What the connection wants, and the last record it was sent of it. */
  readonly sent: Map<Listing, QuoteRecord | undefined>;
}

/** Ways a frame can be wrong, taken in turn: cut short, no JSON, wrong types, a record without symbol. */
const MALFORMED: readonly ((text: string) => string)[] = [
  (text) => text.slice(0, text.length / 2),
  () => '\u0000\u0001 not json {{{',
  () => '{"type":"quotes","data":[{"s":42,"p":{"x":1}}]}',
  () => '{"type":"quotes","data":[{"p":100}]}',
];

/** A vendor that streams quotes as JSON over a WebSocket. */
export class JsonSimulator implements VendorSimulator {
  readonly id = 'json';
  private readonly server = new WebSocketServer({ noServer: true, autoPong: false, clientTracking: false });
  private readonly connections = new Set<Connection>();
  private readonly counts = { connections: 0, opened: 0, frames: 0, records: 0, requests: 0 };
  private malformedTurn = 0;
  private heartbeat: Cancel | undefined;

  constructor(private readonly tools: SimulatorTools) {
    tools.market.onStep((moved) => this.publish(moved));
    tools.faults.onSet((fault) => this.faultSet(fault));
    this.beat();
  }

  upgrade(request: IncomingMessage, url: URL, socket: Duplex, head: Buffer): boolean {
    if (url.pathname !== PATH) return false;
    const { faults } = this.tools;
    if (faults.strikes('json', 'disconnect')) socket.destroy();
    else if (faults.strikes('json', 'rate-limit')) refuse(socket, '429 Too Many Requests');
    else if (faults.strikes('json', 'error')) refuse(socket, '503 Service Unavailable');
    else this.server.handleUpgrade(request, socket, head, (client) => this.accept(client));
    return true;
  }

  stats(): Readonly<Record<string, number>> {
    return { ...this.counts, connections: this.connections.size };
  }

  close(): void {
    this.heartbeat?.();
    for (const { socket } of this.connections) socket.terminate();
  }

  private accept(socket: WebSocket): void {
    const connection: Connection = { socket, sent: new Map() };
    this.connections.add(connection);
    this.counts.opened++;
    socket.on('error', () => socket.terminate());
    socket.on('close', () => this.connections.delete(connection));
    socket.on('ping', (data) => {
      if (this.tools.faults.strikes('json', 'stall') === undefined) socket.pong(data);
    });
    socket.on('message', (data) => this.received(connection, String(data)));
  }

  private received(connection: Connection, text: string): void {
    this.counts.requests++;
    const message = parseRequest(text);
    if (message === undefined)
      return this.send(connection, { type: 'error', message: 'send {"op":"subscribe","symbols":[...]}' });
    const { op, symbols } = message;
    const known: Listing[] = [];
    const rejected: string[] = [];
    for (const symbol of symbols) {
      const listing = this.tools.market.listings.get(symbol);
      if (listing === undefined) rejected.push(symbol);
      else known.push(listing);
    }
    for (const listing of known) {
      if (op === 'subscribe') connection.sent.set(listing, connection.sent.get(listing));
      else connection.sent.delete(listing);
    }
    this.send(connection, { type: `${op}d`, symbols: known.map(({ instrument }) => instrument.id), rejected });
    if (op === 'subscribe') this.sendQuotes(connection, known);
  }

  private publish(moved: readonly Listing[]): void {
    for (const connection of this.connections) {
      const wanted = moved.filter((listing) => connection.sent.has(listing));
      if (wanted.length > 0) this.sendQuotes(connection, wanted);
    }
  }

  private sendQuotes(connection: Connection, listings: readonly Listing[]): void {
    const data = listings.flatMap((listing) => {
      const record = this.record(listing);
      const before = connection.sent.get(listing);
      connection.sent.set(listing, record);
      return record.t === 0 ? [] : [before === undefined ? record : changes(record, before)];
    });
    if (data.length === 0) return;
    this.counts.records += data.length;
    this.send(connection, { type: 'quotes', data });
  }

  private record(listing: Listing): QuoteRecord {
    const { instrument, volume, bid, ask, bidSize, askSize, lastSize, averagePrice, open, high, low } = listing;
    return {
      s: instrument.id,
      p: this.tools.faults.price('json', instrument.id, listing.last),
      t: listing.tradedAt ?? 0,
      v: volume,
      b: bid,
      a: ask,
      bs: bidSize,
      as: askSize,
      ls: lastSize,
      ap: averagePrice,
      o: open,
      h: high,
      l: low,
      pc: listing.previousClose,
      lc: listing.lowerCircuit,
      uc: listing.upperCircuit,
    };
  }

  private send({ socket }: Connection, message: object): void {
    const { faults, clock } = this.tools;
    if (faults.strikes('json', 'stall') !== undefined) return;
    let text = JSON.stringify(message);
    if (faults.strikes('json', 'malformed') !== undefined) {
      text = (MALFORMED[this.malformedTurn++ % MALFORMED.length] as (text: string) => string)(text);
    }
    this.counts.frames++;
    const late = faults.strikes('json', 'delay');
    if (late === undefined) socket.send(text);
    else clock.after(late.ms ?? 0, () => socket.send(text));
  }

  private faultSet({ target, kind }: Fault): void {
    if (target !== 'json') return;
    for (const connection of this.connections) {
      if (kind === 'disconnect') connection.socket.terminate();
      if (kind === 'error' || kind === 'rate-limit') {
        this.send(connection, { type: 'error', message: kind });
        connection.socket.close(1011, kind);
      }
    }
  }

  private beat(): void {
    this.heartbeat = this.tools.clock.after(HEARTBEAT_MS, () => {
      for (const connection of this.connections)
        this.send(connection, { type: 'heartbeat', t: this.tools.clock.now() });
      this.beat();
    });
  }
}

function parseRequest(text: string): { op: 'subscribe' | 'unsubscribe'; symbols: string[] } | undefined {
  try {
    const { op, symbols } = JSON.parse(text) as { op?: unknown; symbols?: unknown };
    if ((op !== 'subscribe' && op !== 'unsubscribe') || !Array.isArray(symbols)) return undefined;
    return { op, symbols: symbols.filter((symbol): symbol is string => typeof symbol === 'string') };
  } catch {
    return undefined;
  }
}

function changes(record: QuoteRecord, before: QuoteRecord): QuoteRecord {
  const changed: QuoteRecord = { s: record.s, p: record.p, t: record.t };
  for (const [field, value] of Object.entries(record)) if (value !== before[field]) changed[field] = value;
  return changed;
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n`);
}
