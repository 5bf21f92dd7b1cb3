import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Cancel } from '#domain';
import type { Fault } from '../faults.js';
import { cutShort, Mangler, type Mangling } from '../mangler.js';
import type { Listing } from '../market-model/listing.js';
import { refuseUpgrade } from '../refuse-upgrade.js';
import type { SimulatorTools } from '../simulator.js';
import { PLANS } from './twelvedata.account.js';
import { errorBody, priceFrame, symbolItem, WRONG_KEY } from './twelvedata.bodies.js';
import type { TwelveDataListings } from './twelvedata.listings.js';
import { readRequest, type StreamRequest, type WantedSymbol } from './twelvedata.request.js';

const CONNECTIONS_PER_KEY = 3;
const EVENTS_PER_MINUTE = 100;
const MINUTE_MS = 60_000;
const LOOK_MS = 1000;

interface Connection {
  readonly socket: WebSocket;
  readonly key: string;
  readonly wanted: Set<Listing>;
  /** Last heartbeat, or the beginning. */
  heardAt: number;
  /** Times of the client's events of the last minute. */
  events: number[];
}

const MALFORMED: readonly Mangling[] = [
  cutShort,
  () => '{"event":"price","symbol":{"x":1},"price":1}',
  () => '{"event":"price","symbol":"AAPL"}',
  () => '[1,2',
];

/** The vendor's price stream. */
export class TwelveDataStream {
  private readonly server = new WebSocketServer({ noServer: true, autoPong: false, clientTracking: false });
  /** In the order of their opening. */
  private readonly connections = new Set<Connection>();
  private readonly counts = {
    opened: 0,
    frames: 0,
    prices: 0,
    heartbeats: 0,
    events: 0,
    surplus: 0,
    rejected: 0,
    ousted: 0,
    idle: 0,
  };
  private readonly mangler = new Mangler(MALFORMED);
  private look: Cancel | undefined;

  constructor(
    private readonly tools: SimulatorTools,
    private readonly listings: TwelveDataListings,
    private readonly idleMs: number,
  ) {
    tools.market.onStep((moved) => this.publish(moved));
    tools.faults.onSet((fault) => this.faultSet(fault));
    this.watch();
  }

  upgrade(request: IncomingMessage, url: URL, socket: Duplex, head: Buffer): void {
    const { faults } = this.tools;
    const key = url.searchParams.get('apikey') ?? String(request.headers['x-td-apikey'] ?? '');
    const broken = faults.strikes('twelvedata', 'error');
    const limited = faults.strikes('twelvedata', 'rate-limit');
    if (faults.strikes('twelvedata', 'disconnect') !== undefined) socket.destroy();
    else if (broken !== undefined) refuseUpgrade(socket, broken.status ?? 503);
    else if (limited !== undefined) refuseUpgrade(socket, 429, limited.retryAfterSeconds);
    else if (!PLANS.has(key)) refuseKey(socket);
    else this.server.handleUpgrade(request, socket, head, (client) => this.accept(client, key));
  }

  stats(): Readonly<Record<string, number>> {
    return { ...this.counts, connections: this.connections.size };
  }

  close(): void {
    this.look?.();
    for (const { socket } of this.connections) socket.terminate();
  }

  private accept(socket: WebSocket, key: string): void {
    const connection: Connection = { socket, key, wanted: new Set(), heardAt: this.tools.clock.now(), events: [] };
    this.connections.add(connection);
    this.counts.opened++;
    const [oldest, ...others] = [...this.connections].filter((one) => one.key === key);
    if (others.length >= CONNECTIONS_PER_KEY) {
      this.counts.ousted++;
      oldest?.socket.close();
    }
    socket.on('error', () => socket.terminate());
    socket.on('close', () => this.connections.delete(connection));
    socket.on('ping', (data) => {
      if (this.tools.faults.strikes('twelvedata', 'stall') === undefined) socket.pong(data);
    });
    socket.on('message', (data) => this.received(connection, readRequest(String(data))));
  }

  private received(connection: Connection, request: StreamRequest | undefined): void {
    if (request === undefined) {
      return this.send(connection, errorBody(400, 'Unknown action, or **symbols** cannot be read.'));
    }
    if (request.action === 'heartbeat') {
      this.counts.heartbeats++;
      connection.heardAt = this.tools.clock.now();
      return this.send(connection, { event: 'heartbeat', status: 'ok' });
    }
    this.counts.events++;
    const now = this.tools.clock.now();
    connection.events = connection.events.filter((at) => at > now - MINUTE_MS);
    if (connection.events.push(now) > EVENTS_PER_MINUTE) {
      this.counts.surplus++;
      return this.send(connection, errorBody(400, `More than ${EVENTS_PER_MINUTE} events a minute.`));
    }
    switch (request.action) {
      case 'subscribe':
        return this.subscribe(connection, request.symbols);
      case 'unsubscribe':
        for (const { symbol, exchange } of request.symbols) {
          const listing = this.listings.find(symbol, exchange);
          if (listing !== undefined) connection.wanted.delete(listing);
        }
        return this.send(connection, { event: 'unsubscribe-status', status: 'ok' });
      default:
        connection.wanted.clear();
        this.send(connection, { event: 'reset-status', status: 'ok' });
    }
  }

  private subscribe(connection: Connection, symbols: readonly WantedSymbol[]): void {
    const success: object[] = [];
    const fails: object[] = [];
    for (const { symbol, exchange } of symbols) {
      const listing = this.listings.find(symbol, exchange);
      if (listing === undefined || !this.hasRoom(connection, listing)) {
        fails.push({ symbol, ...(exchange !== undefined && { exchange }) });
      } else {
        connection.wanted.add(listing);
        success.push(symbolItem(listing));
      }
    }
    this.counts.rejected += fails.length;
    // as observed: an empty list is null
    const status = success.length === 0 && fails.length > 0 ? 'error' : 'ok';
    this.send(connection, {
      event: 'subscribe-status',
      status,
      success: success.length > 0 ? success : null,
      fails: fails.length > 0 ? fails : null,
    });
  }

  /** A symbol costs a credit for as long as it is subscribed, on whichever connection of the key. */
  private hasRoom({ key, wanted }: Connection, listing: Listing): boolean {
    if (wanted.has(listing)) return true;
    const own = [...this.connections].filter((connection) => connection.key === key);
    const held = own.reduce((sum, connection) => sum + connection.wanted.size, 0);
    return held < (PLANS.get(key)?.streamed ?? 0);
  }

  private publish(moved: readonly Listing[]): void {
    for (const connection of this.connections) {
      for (const listing of moved) {
        if (!connection.wanted.has(listing)) continue;
        this.counts.prices++;
        const price = this.tools.faults.price('twelvedata', listing.instrument.id, listing.last);
        this.send(connection, priceFrame(listing, price));
      }
    }
  }

  private send({ socket }: Connection, message: object): void {
    const { faults, clock } = this.tools;
    if (faults.strikes('twelvedata', 'stall') !== undefined) return;
    const isMalformed = faults.strikes('twelvedata', 'malformed') !== undefined;
    const text = isMalformed ? this.mangler.mangle(JSON.stringify(message)) : JSON.stringify(message);
    this.counts.frames++;
    const late = faults.strikes('twelvedata', 'delay');
    if (late === undefined) socket.send(text);
    else clock.after(late.ms ?? 0, () => socket.send(text));
  }

  private faultSet({ target, kind }: Fault): void {
    if (target !== 'twelvedata' || (kind !== 'disconnect' && kind !== 'error' && kind !== 'rate-limit')) return;
    for (const connection of this.connections) {
      if (this.tools.faults.strikes('twelvedata', kind) === undefined) continue;
      if (kind === 'disconnect') connection.socket.terminate();
      else {
        this.send(connection, errorBody(kind === 'error' ? 500 : 429, kind));
        connection.socket.close(1011, kind);
      }
    }
  }

  private watch(): void {
    this.look = this.tools.clock.after(LOOK_MS, () => {
      for (const { heardAt, socket } of this.connections) {
        if (this.tools.clock.now() - heardAt <= this.idleMs) continue;
        this.counts.idle++;
        socket.close();
      }
      this.watch();
    });
  }
}

/** The upgrade is answered like a call: HTTP 200, and the error in the body. */
function refuseKey(socket: Duplex): void {
  const text = JSON.stringify(WRONG_KEY);
  const head = 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json';
  socket.end(`${head}\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
}
