import type { IncomingMessage, Server } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import { Socket as TcpSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { RecentUpdates } from '#cache';
import type { Format } from '#compression';
import { type Clock, InvalidMessageError, type MarketDataError } from '#domain';
import { type Caller, credentialsOf } from '../access/caller.js';
import { errorPayload } from '../error-map.js';
import type { Reply, Session } from '../session/session.js';
import type { Sessions } from '../session/sessions.js';
import { type Frame, Lobby, turnAway } from './lobby.js';
import { type RawMessage, readMessage } from './raw-message.js';
import { RawWire } from './raw-wire.js';

const FORMATS: readonly string[] = ['json', 'msgpack', 'compact'] satisfies Format[];
/** A message somewhat over the limit is answered with its code; one far over it is cut off while it arrives. */
const HARD_LIMIT_FACTOR = 4;
const MAX_RECENT = 50;
const BASE = 'http://gateway';

export interface RawWsOptions {
  /** Whether a browser page of this origin may connect; undefined is a client that is no browser. */
  readonly allowsOrigin: (origin: string | undefined) => boolean;
  /** How long a connection may take to say who it is, ms. */
  readonly authTimeoutMs: number;
}

/** What a connection asks for with its address. */
interface Visit {
  readonly socket: WebSocket;
  readonly tcp: TcpSocket;
  readonly format: Format;
  readonly query: URLSearchParams;
}

/** The plain WebSocket door at `/ws`, on the same port as everything else. */
export class RawWsDoor {
  private readonly server: WebSocketServer;

  constructor(
    private readonly sessions: Sessions,
    private readonly recent: RecentUpdates,
    private readonly clock: Clock,
    private readonly options: RawWsOptions,
  ) {
    this.server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: sessions.options.maxMessageBytes * HARD_LIMIT_FACTOR,
    });
  }

  /** Claims `/ws` upgrades at once, and refuses paths nobody serves: engine.io would leave them hanging for a second. */
  attach(http: Server | TlsServer): void {
    http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const target = request.url ?? '/';
      // a target like "//" is no URL, and an exception here would end the process
      if (!URL.canParse(target, BASE)) return refuse(socket, '400 Bad Request');
      const url = new URL(target, BASE);
      if (url.pathname.startsWith('/socket.io')) return;
      if (url.pathname !== '/ws') return refuse(socket, '404 Not Found');
      if (!this.options.allowsOrigin(request.headers.origin)) return refuse(socket, '403 Forbidden');
      this.server.handleUpgrade(request, socket, head, (client) => this.accept(client, request, socket, url));
    });
  }

  private accept(socket: WebSocket, request: IncomingMessage, tcp: Duplex, { searchParams }: URL): void {
    socket.on('error', () => socket.terminate());
    const format = searchParams.get('format') ?? 'json';
    if (!FORMATS.includes(format) || !(tcp instanceof TcpSocket)) {
      const error = new InvalidMessageError(`format must be one of ${FORMATS.join(', ')}`);
      socket.send(JSON.stringify({ type: 'error', ...errorPayload(error, this.clock.now()) }));
      return socket.close(1008, error.message);
    }
    const visit = { socket, tcp, format: format as Format, query: searchParams };
    const { callers } = this.sessions;
    const stranger = callers.anonymous(request);
    const shown = credentialsOf(request.headers);
    const hasShown = shown.token !== undefined || shown.apiKey !== undefined;
    if (callers.authenticator.mode === 'off' || (callers.authenticator.mode === 'optional' && !hasShown))
      return void this.enter(visit, stranger);
    // whoever has not been let in yet takes room too
    if (this.turnsAway(socket, this.sessions.waitRefusal(stranger))) return;
    const left = this.sessions.wait(stranger);
    const options = { timeoutMs: this.options.authTimeoutMs, maxMessageBytes: this.sessions.options.maxMessageBytes };
    const admitted = (caller: Caller, first: RawMessage | undefined, behind: readonly Frame[]): void => {
      const session = this.enter(visit, caller);
      if (session === undefined) return;
      if (first !== undefined) session.confirm(replyTo(session, first.id));
      for (const { data, isBinary } of behind) this.receive(session, data, isBinary);
    };
    void new Lobby(socket, options, this.clock, {
      shown: hasShown ? shown : undefined,
      verify: (credentials) => callers.verify(request, credentials),
      admitted,
      left,
    });
  }

  /** Opens the session of a caller who is welcome. Undefined when there is no room. */
  private enter({ socket, tcp, format, query }: Visit, caller: Caller): Session | undefined {
    if (this.turnsAway(socket, this.sessions.refusal(caller))) return undefined;
    const session = this.sessions.open(new RawWire(socket, tcp), 'websocket', format, caller);
    socket.on('message', (data, isBinary) => this.receive(session, data as Buffer, isBinary));
    socket.on('pong', () => session.client.probeAnswered(this.clock.now()));
    socket.on('close', () => this.sessions.close(session));
    session.welcome();
    const recent = Math.min(MAX_RECENT, Math.floor(Number(query.get('recent') ?? 0)));
    if (recent > 0) {
      const { entitlements } = caller.identity.tier;
      session.client.send('recent', { items: this.recent.find(recent, { allows: (id) => entitlements.allows(id) }) });
    }
    return session;
  }

  private receive(session: Session, data: Buffer, isBinary: boolean): void {
    let message: RawMessage;
    try {
      message = readMessage(data, isBinary, this.sessions.options.maxMessageBytes);
    } catch (error) {
      const known = error as MarketDataError;
      session.refuse(known, replyTo(session));
      if (known.code === 'MESSAGE_TOO_LARGE') session.client.close('MESSAGE_TOO_LARGE');
      return;
    }
    const { action, id, payload } = message;
    const reply = replyTo(session, id);
    if (typeof action !== 'string') return session.refuse(new InvalidMessageError('"action" must be a string'), reply);
    session.receive(action, payload, reply, id);
  }

  private turnsAway(socket: WebSocket, reason: ReturnType<Sessions['refusal']>): boolean {
    if (reason === undefined) return false;
    turnAway(socket, this.sessions.refused(reason), this.clock);
    return true;
  }
}

/** Answers repeat the id of their message. */
function replyTo({ client }: Session, id?: string | number): Reply {
  return id === undefined
    ? (type, payload) => client.send(type, payload)
    : (type, payload) => client.send(type, { ...payload, id });
}

function refuse(socket: Duplex, status: string): void {
  // nobody else listens to a socket that asked for an upgrade, and an error nobody listens to ends the process
  socket.on('error', () => socket.destroy());
  // a peer that never closes its side would keep the connection
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
