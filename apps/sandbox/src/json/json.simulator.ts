import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Cancel } from '#domain';
import type { Fault } from '../faults.js';
import { cutShort, Mangler, type Mangling } from '../mangler.js';
import type { Listing } from '../market-model/listing.js';
import { refusedByFault } from '../refuse-upgrade.js';
import type { SimulatorTools, VendorSimulator } from '../simulator.js';
import { changedFields, type QuoteRecord, quoteRecord } from './json.record.js';
import { parseJsonRequest } from './json.request.js';

const PATH = '/json/stream';
const QUOTES_PATH = '/json/quotes';
const HEARTBEAT_MS = 2000;
/** Symbols one call may name. */
const MOST_SYMBOLS = 50;

interface Connection {
  readonly socket: WebSocket;
  /** What the connection wants, and the last record that reached it; undefined where the next one must be whole. */
  readonly sent: Map<Listing, QuoteRecord | undefined>;
}

const MALFORMED: readonly Mangling[] = [
  cutShort,
  () => '\u0000\u0001 not json {{{',
  () => '{"type":"quotes","data":[{"s":42,"p":{"x":1}}]}',
  () => '{"type":"quotes","data":[{"p":100}]}',
];

/** A vendor that streams quotes as JSON over a WebSocket, and tells them on request: `GET /json/quotes?symbols=NSE:TCS,NSE:INFY`. */
export class JsonSimulator implements VendorSimulator {
  readonly id = 'json';
  private readonly server = new WebSocketServer({ noServer: true, autoPong: false, clientTracking: false });
  private readonly connections = new Set<Connection>();
  private readonly counts = { connections: 0, opened: 0, frames: 0, records: 0, requests: 0, calls: 0, asked: 0 };
  private readonly mangler = new Mangler(MALFORMED);
  private heartbeat: Cancel | undefined;

  constructor(private readonly tools: SimulatorTools) {
    tools.market.onStep((moved) => this.publish(moved));
    tools.faults.onSet((fault) => this.faultSet(fault));
    this.beat();
  }

  request(request: IncomingMessage, url: URL, response: ServerResponse): boolean {
    if (url.pathname !== QUOTES_PATH) return false;
    this.counts.calls++;
    const { faults, clock } = this.tools;
    if (faults.strikes('json', 'disconnect')) {
      request.socket.destroy();
      return true;
    }
    if (faults.strikes('json', 'stall')) return true;
    const late = faults.strikes('json', 'delay');
    if (late === undefined) this.answer(url, response);
    else clock.after(late.ms ?? 0, () => this.answer(url, response));
    return true;
  }

  upgrade(request: IncomingMessage, url: URL, socket: Duplex, head: Buffer): boolean {
    if (url.pathname !== PATH) return false;
    if (!refusedByFault(this.tools.faults, 'json', socket))
      this.server.handleUpgrade(request, socket, head, (client) => this.accept(client));
    return true;
  }

  settings(url: string): Readonly<Record<string, string>> {
    return {
      JSON_URL: `${url.replace('http', 'ws')}${PATH}`,
      JSON_HTTP_URL: `${url}${QUOTES_PATH}?symbols={symbols}`,
    };
  }

  stats(): Readonly<Record<string, number>> {
    return { ...this.counts, connections: this.connections.size };
  }

  close(): void {
    this.heartbeat?.();
    for (const { socket } of this.connections) socket.terminate();
  }

  private answer(url: URL, response: ServerResponse): void {
    const { faults, market } = this.tools;
    const limited = faults.strikes('json', 'rate-limit');
    if (limited !== undefined)
      return void response.writeHead(429, { 'Retry-After': String(limited.retryAfterSeconds ?? 5) }).end();
    const broken = faults.strikes('json', 'error');
    if (broken !== undefined) return void response.writeHead(broken.status ?? 503).end();
    const symbols = new Set((url.searchParams.get('symbols') ?? '').split(',').filter((symbol) => symbol !== ''));
    if (symbols.size === 0 || symbols.size > MOST_SYMBOLS) {
      const message = `name 1 to ${MOST_SYMBOLS} symbols`;
      return void response.writeHead(400).end(JSON.stringify({ type: 'error', message }));
    }
    this.counts.asked += symbols.size;
    const listings = [...symbols].flatMap((symbol) => market.listings.get(symbol) ?? []);
    const data = listings.map((listing) =>
      quoteRecord(listing, faults.price('json', listing.instrument.id, listing.last), this.tools.clock.now()),
    );
    const rejected = [...symbols].filter((symbol) => !market.listings.has(symbol));
    const text = JSON.stringify({ type: 'quotes', data, rejected });
    const isMalformed = faults.strikes('json', 'malformed') !== undefined;
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(isMalformed ? this.mangler.mangle(text) : text);
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
    const message = parseJsonRequest(text);
    if (message === undefined) {
      this.send(connection, {
        type: 'error',
        message: 'send {"op":"subscribe","symbols":["NSE:TCS"]}, or unsubscribe',
      });
      return;
    }
    const { op, symbols } = message;
    const known: Listing[] = [];
    const rejected: string[] = [];
    for (const symbol of new Set(symbols)) {
      const listing = this.tools.market.listings.get(symbol);
      if (listing === undefined) rejected.push(symbol);
      else known.push(listing);
    }
    for (const listing of known) {
      if (op === 'subscribe') connection.sent.set(listing, undefined);
      else connection.sent.delete(listing);
    }
    this.send(connection, { type: `${op}d`, symbols: known.map(({ instrument }) => instrument.id), rejected });
    if (op === 'subscribe' && known.length > 0) this.sendQuotes(connection, known);
  }

  private publish(moved: readonly Listing[]): void {
    for (const connection of this.connections) {
      const wanted = moved.filter((listing) => connection.sent.has(listing));
      if (wanted.length > 0) this.sendQuotes(connection, wanted);
    }
  }

  private sendQuotes(connection: Connection, listings: readonly Listing[]): void {
    const { faults } = this.tools;
    const records = listings.map((listing): [Listing, QuoteRecord] => [
      listing,
      quoteRecord(listing, faults.price('json', listing.instrument.id, listing.last), this.tools.clock.now()),
    ]);
    const data = records.map(([listing, record]) => {
      const before = connection.sent.get(listing);
      return before === undefined ? record : changedFields(record, before);
    });
    const isReadable = this.send(connection, { type: 'quotes', data });
    // of what cannot be read nothing is known there
    for (const [listing, record] of records) connection.sent.set(listing, isReadable ? record : undefined);
    if (isReadable) this.counts.records += data.length;
  }

  /** False when a fault keeps the message from being read. */
  private send({ socket }: Connection, message: object): boolean {
    const { faults, clock } = this.tools;
    if (faults.strikes('json', 'stall') !== undefined) return false;
    const isMalformed = faults.strikes('json', 'malformed') !== undefined;
    const text = isMalformed ? this.mangler.mangle(JSON.stringify(message)) : JSON.stringify(message);
    this.counts.frames++;
    const late = faults.strikes('json', 'delay');
    if (late === undefined) socket.send(text);
    else clock.after(late.ms ?? 0, () => socket.send(text));
    return !isMalformed;
  }

  private faultSet({ target, kind }: Fault): void {
    if (target !== 'json' || (kind !== 'disconnect' && kind !== 'error' && kind !== 'rate-limit')) return;
    for (const connection of this.connections) {
      if (this.tools.faults.strikes('json', kind) === undefined) continue;
      if (kind === 'disconnect') connection.socket.terminate();
      else {
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
