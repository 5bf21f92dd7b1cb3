import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Cancel } from '#domain';
import type { Fault } from '../faults.js';
import { cutShort, Mangler, type Mangling } from '../mangler.js';
import type { Listing } from '../market-model/listing.js';
import { refuseUpgrade } from '../refuse-upgrade.js';
import type { SimulatorTools, VendorSimulator } from '../simulator.js';
import { Bars } from './bars.js';
import { type PolygonEvent, quoteEvent, status, tradeEvents } from './polygon.events.js';
import { parsePolygonRequest, parseTopic } from './polygon.request.js';

const PATH = '/polygon/stocks';
const KEY = 'sandbox-polygon-key';
const EXCHANGES = new Set(['NASDAQ', 'NYSE']);
/** Connections of one account. */
const MOST_CONNECTIONS = 1;
const AUTH_WITHIN_MS = 10_000;
/** What waits for a reader that is slower than the market; when it is full, the reader is cut off. */
const BUFFER_BYTES = 1_048_576;
const POLICY_VIOLATION = 1008;

interface Connection {
  readonly socket: WebSocket;
  readonly topics: Set<string>;
  isAuthorised: boolean;
  /** Ends the wait for the key. */
  readonly patience: Cancel;
}

interface Traded {
  at: number | undefined;
  volume: number;
}

const MALFORMED: readonly Mangling[] = [
  cutShort,
  () => '\u0000\u0001 not json {{{',
  () => '[{"ev":"T","sym":"AAPL","p":{"x":1}}]',
  () => '[{"ev":"T","p":100}]',
];

/** The stocks cluster of Polygon.io: US listings of the market, by trades, quotes and bars. */
export class PolygonSimulator implements VendorSimulator {
  readonly id = 'polygon';
  private readonly server = new WebSocketServer({ noServer: true, autoPong: false, clientTracking: false });
  private readonly connections = new Set<Connection>();
  private readonly counts = { opened: 0, requests: 0, frames: 0, events: 0, refused: 0, crowded: 0, slow: 0 };
  private readonly mangler = new Mangler(MALFORMED);
  private readonly bars: readonly Bars[];
  /** What has been told of each listing's trades. */
  private readonly traded = new Map<Listing, Traded>();
  private sequence = 0;

  constructor(private readonly tools: SimulatorTools) {
    const { market, faults, clock } = tools;
    const listings = [...market.listings.values()].filter(({ instrument }) => EXCHANGES.has(instrument.exchange));
    for (const listing of listings) this.traded.set(listing, { at: listing.tradedAt, volume: listing.volume });
    this.bars = [new Bars('A', 1000, clock.now()), new Bars('AM', 60_000, clock.now())];
    market.onStep((moved) => this.publish(moved));
    faults.onSet((fault) => this.faultSet(fault));
  }

  upgrade(request: IncomingMessage, url: URL, socket: Duplex, head: Buffer): boolean {
    if (url.pathname !== PATH) return false;
    const { faults } = this.tools;
    const broken = faults.strikes('polygon', 'error');
    if (faults.strikes('polygon', 'disconnect')) socket.destroy();
    else if (broken !== undefined) refuseUpgrade(socket, broken.status ?? 503);
    else this.server.handleUpgrade(request, socket, head, (client) => this.accept(client));
    return true;
  }

  settings(url: string): Readonly<Record<string, string>> {
    return { POLYGON_URL: `${url.replace('http', 'ws')}${PATH}`, POLYGON_SECRET_API_KEY: KEY };
  }

  /** `refused`: wrong or missing keys; `crowded`: over the account's connections; `slow`: cut off for reading too slowly. */
  stats(): Readonly<Record<string, number>> {
    const topics = [...this.connections].reduce((total, connection) => total + connection.topics.size, 0);
    return { ...this.counts, connections: this.connections.size, topics };
  }

  close(): void {
    for (const { socket, patience } of this.connections) {
      patience();
      socket.terminate();
    }
  }

  private accept(socket: WebSocket): void {
    const patience = this.tools.clock.after(AUTH_WITHIN_MS, () =>
      this.end(connection, 'auth_timeout', 'No authentication request received.'),
    );
    const connection: Connection = { socket, topics: new Set(), isAuthorised: false, patience };
    this.connections.add(connection);
    this.counts.opened++;
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      patience();
      this.connections.delete(connection);
    });
    socket.on('ping', (data) => {
      if (this.tools.faults.strikes('polygon', 'stall') === undefined) socket.pong(data);
    });
    socket.on('message', (data) => this.received(connection, String(data)));
    this.send(connection, [status('connected', 'Connected Successfully')]);
  }

  private received(connection: Connection, text: string): void {
    this.counts.requests++;
    const request = parsePolygonRequest(text);
    if (request === undefined) return this.send(connection, [status('error', 'invalid request')]);
    if (request.action === 'auth') return this.authorise(connection, request.key);
    if (!connection.isAuthorised) return this.send(connection, [status('error', 'not authorized')]);
    for (const topic of request.topics) this.heed(connection, request.action, topic);
    // only now is it noticed, as it is with the vendor
    if (request.action === 'subscribe' && this.isCrowded()) this.crowdOut(connection);
  }

  private authorise(connection: Connection, key: string): void {
    connection.patience();
    if (key !== KEY) {
      this.counts.refused++;
      return this.end(connection, 'auth_failed', 'authentication failed');
    }
    connection.isAuthorised = true;
    this.send(connection, [status('auth_success', 'authenticated')]);
  }

  private heed(connection: Connection, action: 'subscribe' | 'unsubscribe', topic: string): void {
    if (parseTopic(topic) === undefined) return this.send(connection, [status('error', `invalid topic: ${topic}`)]);
    if (action === 'subscribe') connection.topics.add(topic);
    else connection.topics.delete(topic);
    this.send(connection, [status('success', `${action}d to: ${topic}`)]);
  }

  private isCrowded(): boolean {
    const authorised = [...this.connections].filter(({ isAuthorised }) => isAuthorised);
    return authorised.length > MOST_CONNECTIONS || this.tools.faults.strikes('polygon', 'rate-limit') !== undefined;
  }

  private crowdOut(connection: Connection): void {
    this.counts.crowded++;
    this.end(connection, 'max_connections', 'Maximum number of websocket connections exceeded. ');
  }

  private end(connection: Connection, name: string, message: string): void {
    this.send(connection, [status(name, message)]);
    connection.socket.close(POLICY_VIOLATION);
    connection.isAuthorised = false;
    connection.topics.clear();
  }

  private publish(moved: readonly Listing[]): void {
    const now = this.tools.clock.now();
    const events = new Map<Listing, PolygonEvent[]>();
    for (const bars of this.bars)
      for (const [listing, event] of bars.take(now)) events.set(listing, [...(events.get(listing) ?? []), event]);
    for (const listing of moved) {
      const told = this.traded.get(listing);
      if (told !== undefined) events.set(listing, [...(events.get(listing) ?? []), ...this.newsOf(listing, told)]);
    }
    for (const connection of this.connections) this.sendWanted(connection, events);
  }

  private newsOf(listing: Listing, told: Traded): PolygonEvent[] {
    const { instrument, last, tradedAt, volume } = listing;
    const number = ++this.sequence;
    const news = [quoteEvent(listing, number)];
    if (tradedAt === undefined || (tradedAt === told.at && volume === told.volume)) return news;
    const price = this.tools.faults.price('polygon', instrument.id, last);
    for (const bars of this.bars) bars.add(listing, price, Math.min(told.volume, volume));
    Object.assign(told, { at: tradedAt, volume });
    return [...tradeEvents(listing, price, number), ...news];
  }

  private sendWanted(connection: Connection, events: ReadonlyMap<Listing, readonly PolygonEvent[]>): void {
    const { topics } = connection;
    if (topics.size === 0) return;
    const isWanted = ({ ev, sym }: PolygonEvent): boolean =>
      topics.has(`${ev}.${String(sym)}`) || topics.has(`${ev}.*`);
    const wanted = [...events.values()].flat().filter(isWanted);
    if (wanted.length > 0) this.send(connection, wanted);
  }

  private send({ socket }: Connection, events: readonly PolygonEvent[]): void {
    const { faults, clock } = this.tools;
    if (socket.readyState !== socket.OPEN || faults.strikes('polygon', 'stall') !== undefined) return;
    const text = JSON.stringify(events);
    // the session is spared, so that what is broken is prices
    const isMalformed = events[0]?.ev !== 'status' && faults.strikes('polygon', 'malformed') !== undefined;
    const sent = isMalformed ? this.mangler.mangle(text) : text;
    this.counts.frames++;
    this.counts.events += events.length;
    const late = faults.strikes('polygon', 'delay');
    if (late === undefined) socket.send(sent);
    else clock.after(late.ms ?? 0, () => socket.send(sent));
    if (socket.bufferedAmount <= BUFFER_BYTES) return;
    this.counts.slow++;
    socket.terminate();
  }

  private faultSet({ target, kind }: Fault): void {
    if (target !== 'polygon') return;
    for (const connection of this.connections) {
      if (kind === 'disconnect' && this.tools.faults.strikes('polygon', kind)) connection.socket.terminate();
      else if (kind === 'error' && this.tools.faults.strikes('polygon', kind)) connection.socket.close(1011, kind);
      else if (kind === 'rate-limit' && connection.isAuthorised) this.crowdOut(connection);
    }
  }
}
