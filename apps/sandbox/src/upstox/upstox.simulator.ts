import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Cancel } from '#domain';
import type { Fault } from '../faults.js';
import { cutShort, Mangler, type Mangling } from '../mangler.js';
import type { Listing } from '../market-model/listing.js';
import type { Phase } from '../market-model/session.js';
import type { SimulatorTools, VendorSimulator } from '../simulator.js';
import { refusalText } from './upstox.bodies.js';
import { MinuteCandles } from './upstox.candles.js';
import { UpstoxDoor } from './upstox.door.js';
import { bookFeed, feedOf } from './upstox.feeds.js';
import { feedFrame, marketInfoFrame } from './upstox.frames.js';
import type { Mode } from './upstox.limits.js';
import { parseUpstoxRequest } from './upstox.request.js';
import { UpstoxSession } from './upstox.session.js';
import { type Account, sandboxToken } from './upstox.token.js';

const SEGMENTS = 'NSE_COM NCD_FO NSE_FO BSE_EQ BCD_FO BSE_FO NSE_EQ MCX_FO MCX_INDEX NSE_INDEX BSE_INDEX'.split(' ');
const STATUS_OF = { closed: 'NORMAL_CLOSE', 'pre-open': 'PRE_OPEN_START', continuous: 'NORMAL_OPEN' } as const;

const BEAT_MS = 1000;
/** Silence after which the vendor pings. */
const PING_AFTER_MS = 10_000;
const RECORDS_PER_FRAME = 100;
/** Every so manieth batch is preceded by records of the book alone. */
const BOOK_EVERY = 4;

const MALFORMED: readonly Mangling[] = [
  cutShort,
  // no field has the number 0
  () => '\u0000\u0001 no protobuf',
  // a record that says it is longer than its frame
  (frame) => `\u0012\u00ff\u00ff\u0003${frame}`,
  // what should be prices is something else
  (frame) => frame.replaceAll('\u0009', '\u000f'),
];

/**
 * Market data feed V3 of Upstox, for shares: binary requests, limits by plan, protobuf frames. Fault `stall` also leaves pings unanswered;
 * a long `delay` holds back the frames alone.
 */
export class UpstoxSimulator implements VendorSimulator {
  readonly id = 'upstox';
  private readonly server = new WebSocketServer({ noServer: true, autoPong: false, clientTracking: false });
  private readonly sessions = new Set<UpstoxSession>();
  private readonly door: UpstoxDoor;
  private readonly candles = new MinuteCandles();
  private readonly mangler = new Mangler(MALFORMED);
  private readonly keys = new Map<Listing, string>();
  private readonly byKey = new Map<string, Listing>();
  /** `ignored`: requests sent as text; `rejected`: those answered with a refusal. */
  private readonly counts = { opened: 0, frames: 0, records: 0, requests: 0, ignored: 0, rejected: 0, pings: 0 };
  private toldPhase: Phase;
  private heartbeat: Cancel | undefined;

  constructor(private readonly tools: SimulatorTools) {
    const { market, faults } = tools;
    for (const listing of market.listings.values()) {
      const { exchange, isin } = listing.instrument;
      if (isin === undefined || (exchange !== 'NSE' && exchange !== 'BSE')) continue;
      const key = `${exchange}_EQ|${isin}`;
      this.keys.set(listing, key);
      this.byKey.set(key, listing);
    }
    this.toldPhase = market.phase;
    this.door = new UpstoxDoor(tools, (user) => this.connectionsOf(user));
    market.onStep((moved) => this.publish(moved));
    faults.onSet((fault) => this.faultSet(fault));
    this.beat();
  }

  request(request: IncomingMessage, url: URL, response: ServerResponse): boolean {
    return this.door.request(request, url, response);
  }

  upgrade(request: IncomingMessage, url: URL, socket: Duplex, head: Buffer): boolean {
    return this.door.upgrade(request, url, socket, (account) =>
      this.server.handleUpgrade(request, socket, head, (client) => this.accept(client, account)),
    );
  }

  settings(url: string): Readonly<Record<string, string>> {
    return { UPSTOX_BASE_URL: url, UPSTOX_SECRET_ACCESS_TOKEN: sandboxToken('SANDBOX') };
  }

  stats(): Readonly<Record<string, number>> {
    return { ...this.door.counts, ...this.counts, connections: this.sessions.size };
  }

  close(): void {
    this.heartbeat?.();
    for (const { socket } of this.sessions) socket.terminate();
  }

  private accept(socket: WebSocket, account: Account): void {
    const session = new UpstoxSession(socket, account, this.tools.clock.now());
    this.sessions.add(session);
    this.counts.opened++;
    socket.on('error', () => socket.terminate());
    socket.on('close', () => this.sessions.delete(session));
    socket.on('ping', (data) => {
      if (this.tools.faults.strikes('upstox', 'stall') === undefined) socket.pong(data);
    });
    socket.on('message', (data, isBinary) => this.received(session, data as Buffer, isBinary));
    this.sendMarketInfo(session);
  }

  private received(session: UpstoxSession, data: Buffer, isBinary: boolean): void {
    this.counts.requests++;
    if (!isBinary) return void this.counts.ignored++;
    let method = 'sub';
    try {
      const request = parseUpstoxRequest(data);
      ({ method } = request);
      const listings = session.apply(request, this.byKey);
      this.sendRecords(session, 'initial_feed', listings);
    } catch (error) {
      this.counts.rejected++;
      this.transmit(session, refusalText(method, (error as Error).message));
    }
  }

  private publish(moved: readonly Listing[]): void {
    for (const listing of moved) this.candles.heard(listing);
    for (const session of this.sessions) {
      const wanted = moved.filter((listing) => session.modeOf(listing) !== undefined);
      if (wanted.length === 0) continue;
      if (session.batches++ % BOOK_EVERY === 0) this.sendBooks(session, wanted);
      this.sendRecords(session, 'live_feed', wanted);
    }
  }

  /** Records without a trade: the book has moved, and what moved it follows. */
  private sendBooks(session: UpstoxSession, listings: readonly Listing[]): void {
    const books = listings.flatMap((listing): [string, Uint8Array][] => {
      const mode = session.modeOf(listing);
      return mode === 'full' || mode === 'full_d30' ? [[this.keyOf(listing), bookFeed(listing, mode)]] : [];
    });
    if (books.length === 0) return;
    if (this.sendFrame(session, feedFrame('live_feed', books, this.tools.clock.now())))
      this.counts.records += books.length;
  }

  private sendRecords(session: UpstoxSession, type: 'initial_feed' | 'live_feed', listings: readonly Listing[]): void {
    for (let i = 0; i < listings.length; i += RECORDS_PER_FRAME) {
      const part = listings.slice(i, i + RECORDS_PER_FRAME);
      const feeds = part.map((listing): [string, Uint8Array] => [this.keyOf(listing), this.feed(session, listing)]);
      const isReadable = this.sendFrame(session, feedFrame(type, feeds, this.tools.clock.now()));
      for (const listing of part) session.sent(listing, isReadable);
      if (isReadable) this.counts.records += part.length;
    }
  }

  private feed(session: UpstoxSession, listing: Listing): Uint8Array {
    const mode = session.modeOf(listing) as Mode;
    const hasDepth = mode === 'full' || mode === 'full_d30';
    if (hasDepth && !session.isTradeNews(listing)) return bookFeed(listing, mode);
    const price = this.tools.faults.price('upstox', listing.instrument.id, listing.last);
    return feedOf(listing, mode, price, this.candles);
  }

  private sendMarketInfo(session: UpstoxSession): void {
    const status = STATUS_OF[this.tools.market.phase];
    const segments = Object.fromEntries(SEGMENTS.map((segment) => [segment, status]));
    this.sendFrame(session, marketInfoFrame(segments, this.tools.clock.now()));
  }

  /** False when a fault keeps the frame from being read. */
  private sendFrame(session: UpstoxSession, frame: Buffer): boolean {
    const isMalformed = this.tools.faults.strikes('upstox', 'malformed') !== undefined;
    const bytes = isMalformed ? Buffer.from(this.mangler.mangle(frame.toString('latin1')), 'latin1') : frame;
    return this.transmit(session, bytes) && !isMalformed;
  }

  /** Strings go as text frames. False when a fault holds it back. */
  private transmit(session: UpstoxSession, data: Buffer | string): boolean {
    const { faults, clock } = this.tools;
    if (faults.strikes('upstox', 'stall') !== undefined) return false;
    this.counts.frames++;
    session.lastSentAt = clock.now();
    const late = faults.strikes('upstox', 'delay');
    if (late === undefined) session.socket.send(data);
    else clock.after(late.ms ?? 0, () => session.socket.send(data));
    return true;
  }

  /** A fault of the vendor's own making ends the connections with 1000, as if it were nothing. */
  private faultSet({ target, kind }: Fault): void {
    if (target !== 'upstox' || (kind !== 'disconnect' && kind !== 'error' && kind !== 'rate-limit')) return;
    for (const { socket } of this.sessions) {
      if (this.tools.faults.strikes('upstox', kind) === undefined) continue;
      if (kind === 'disconnect') socket.terminate();
      else socket.close(1000);
    }
  }

  private connectionsOf(user: string): number {
    return [...this.sessions].filter(({ account }) => account.user === user).length;
  }

  private keyOf(listing: Listing): string {
    return this.keys.get(listing) as string;
  }

  private beat(): void {
    const { clock, faults, market } = this.tools;
    this.heartbeat = clock.after(BEAT_MS, () => {
      const isNewPhase = market.phase !== this.toldPhase;
      this.toldPhase = market.phase;
      for (const session of this.sessions) {
        if (isNewPhase) this.sendMarketInfo(session);
        if (clock.now() - session.lastSentAt < PING_AFTER_MS || faults.strikes('upstox', 'stall')) continue;
        session.lastSentAt = clock.now();
        this.counts.pings++;
        session.socket.ping();
      }
      this.beat();
    });
  }
}
