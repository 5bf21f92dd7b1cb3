import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { Socket as TcpSocket } from 'node:net';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { RecentUpdates } from '#cache';
import type { Format } from '#compression';
import { type Clock, InvalidMessageError, MarketDataError } from '#domain';
import { CLOSE_CODES, CLOSE_MESSAGES, type CloseReason, type MessageId } from '#protocol';
import { errorPayload } from '../error-map.js';
import type { Reply, Session } from '../session/session.js';
import type { Sessions } from '../session/sessions.js';
import { RawWire } from './raw-wire.js';

const FORMATS: readonly string[] = ['json', 'msgpack', 'compact'] satisfies Format[];
/** A message somewhat over the limit is answered with its code; one far over it is cut off while it arrives. */
const HARD_LIMIT_FACTOR = 4;
const MAX_RECENT = 50;
const BASE = 'http://gateway';

/** The plain WebSocket door at `/ws`, on the same port as everything else. */
export class RawWsDoor {
  private readonly server: WebSocketServer;

  constructor(
    private readonly sessions: Sessions,
    private readonly recent: RecentUpdates,
    private readonly clock: Clock,
    private readonly allowsOrigin: (origin: string | undefined) => boolean,
  ) {
    this.server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: sessions.options.maxMessageBytes * HARD_LIMIT_FACTOR,
    });
  }

  /** Claims `/ws` upgrades at once, and refuses paths nobody serves: engine.io would leave them hanging for a second. */
  attach(http: Server): void {
    http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const target = request.url ?? '/';
      // a target like "//" is no URL, and an exception here would end the process
      if (!URL.canParse(target, BASE)) return refuse(socket, '400 Bad Request');
      const url = new URL(target, BASE);
      if (url.pathname.startsWith('/socket.io')) return;
      if (url.pathname !== '/ws') return refuse(socket, '404 Not Found');
      if (!this.allowsOrigin(request.headers.origin)) return refuse(socket, '403 Forbidden');
      this.server.handleUpgrade(request, socket, head, (client) => this.accept(client, socket, url.searchParams));
    });
  }

  private accept(socket: WebSocket, tcp: Duplex, query: URLSearchParams): void {
    socket.on('error', () => socket.terminate());
    const format = query.get('format') ?? 'json';
    const refusal = this.sessions.refusal();
    if (refusal !== undefined) return this.refuse(socket, refusal);
    if (!FORMATS.includes(format) || !(tcp instanceof TcpSocket)) {
      const error = new InvalidMessageError(`format must be one of ${FORMATS.join(', ')}`);
      socket.send(JSON.stringify({ type: 'error', ...errorPayload(error, this.clock.now()) }));
      return socket.close(1008, error.message);
    }
    const session = this.sessions.open(new RawWire(socket, tcp), 'websocket', format as Format);
    socket.on('message', (data, isBinary) => this.receive(session, data, isBinary));
    socket.on('pong', () => session.client.probeAnswered(this.clock.now()));
    socket.on('close', () => this.sessions.close(session));
    session.welcome();
    const recent = Math.min(MAX_RECENT, Math.floor(Number(query.get('recent') ?? 0)));
    if (recent > 0) session.client.send('recent', { items: this.recent.find(recent) });
  }

  private receive(session: Session, data: RawData, isBinary: boolean): void {
    const bytes = data as Buffer;
    const reply: Reply = (type, payload) => session.client.send(type, payload);
    if (bytes.length > this.sessions.options.maxMessageBytes) {
      const limit = `At most ${this.sessions.options.maxMessageBytes} bytes a message`;
      session.refuse(new MarketDataError('MESSAGE_TOO_LARGE', limit, false), reply);
      return session.client.close('MESSAGE_TOO_LARGE');
    }
    const message = isBinary ? undefined : parseObject(bytes.toString());
    if (message === undefined)
      return session.refuse(new InvalidMessageError('a message is one JSON object in a text frame'), reply);
    const { action, id, ...payload } = message;
    const hasId = typeof id === 'string' || typeof id === 'number';
    const answer: Reply = hasId ? (type, body) => session.client.send(type, { ...body, id: id as MessageId }) : reply;
    if (typeof action !== 'string') return session.refuse(new InvalidMessageError('"action" must be a string'), answer);
    session.receive(action, payload, answer, hasId ? id : undefined);
  }

  private refuse(socket: WebSocket, reason: Extract<CloseReason, 'CONNECTION_LIMIT' | 'SERVER_DRAINING'>): void {
    const error = new MarketDataError(reason, CLOSE_MESSAGES[reason], true);
    socket.send(JSON.stringify({ type: 'error', ...errorPayload(error, this.clock.now()) }));
    socket.close(CLOSE_CODES[reason], CLOSE_MESSAGES[reason]);
  }
}

function refuse(socket: Duplex, status: string): void {
  // nobody else listens to a socket that asked for an upgrade, and an error nobody listens to ends the process
  socket.on('error', () => socket.destroy());
  // a peer that never closes its side would keep the connection
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
