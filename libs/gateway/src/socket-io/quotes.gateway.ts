import {
  type OnGatewayConnection,
  type OnGatewayDisconnect,
  type OnGatewayInit,
  WebSocketGateway,
} from '@nestjs/websockets';
import type { Server, Socket } from 'socket.io';
import type { Credentials } from '#auth';
import { type Clock, CLOCK, InvalidMessageError, MarketDataError } from '#domain';
import { AuthenticateMessage, parseMessage, type ServerMessages } from '#protocol';
import { Inject } from '@nestjs/common';
import { type Caller, credentialsOf } from '../access/caller.js';
import { errorPayload } from '../error-map.js';
import type { AnswerType, Reply, Session } from '../session/session.js';
import { Sessions } from '../session/sessions.js';
import { NodeBus } from './node-bus.js';
import { SocketIoWire } from './socket-io-wire.js';

/** What a Socket.IO client may be sent, by event. */
type ServerEvents = { [T in keyof ServerMessages]: (payload: ServerMessages[T]) => void };
type Acknowledge = ((answer: { type: AnswerType }) => void) | undefined;
interface SocketData {
  session?: Session;
  /** Between the handshake and the session. */
  caller?: Caller;
}
type ClientSocket = Socket<Record<string, never>, ServerEvents, Record<string, never>, SocketData>;

/** The Socket.IO door: events are actions, answers are acknowledgements, quotes go below Socket.IO through `SocketIoWire`. */
@WebSocketGateway()
export class QuotesGateway
  implements OnGatewayInit<Server>, OnGatewayConnection<ClientSocket>, OnGatewayDisconnect<ClientSocket>
{
  /** Connections that have a session, or are about to: Socket.IO takes any number of connects that come at once. */
  private readonly taken = new WeakSet<object>();

  constructor(
    private readonly sessions: Sessions,
    private readonly bus: NodeBus,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  afterInit(server: Server): void {
    this.bus.attach(server);
    server.use((socket: ClientSocket, next) => {
      const { conn } = socket;
      if (this.taken.has(conn)) return next(this.connectError(new InvalidMessageError('one connect at a time')));
      this.taken.add(conn);
      void this.letIn(socket, next);
    });
  }

  handleConnection(socket: ClientSocket): void {
    const caller = socket.data.caller as Caller;
    // others may have taken the room since it was seen
    const refused = this.sessions.refusal(caller);
    if (refused !== undefined) {
      socket.emit('error', errorPayload(this.sessions.refused(refused), this.clock.now()));
      return void socket.disconnect(true);
    }
    delete socket.data.caller;
    const wire = new SocketIoWire(socket as unknown as Socket, () => session.client.probeAnswered(this.clock.now()));
    const session = this.sessions.open(wire, 'socket.io', formatOf(socket) ?? 'json', caller);
    socket.data.session = session;
    socket.conn.on('packet', (packet: { data?: string | Buffer }) => {
      if ((packet.data?.length ?? 0) > this.sessions.options.maxMessageBytes) session.client.close('MESSAGE_TOO_LARGE');
    });
    // below Nest's handlers, whose guards and interceptors are REST's; an event may be called by a number, or by nothing
    socket.onAny((name: unknown, ...args: unknown[]) => {
      const ack = ackOf(args);
      this.receive(socket, String(name), args[0] === ack ? undefined : args[0], ack);
    });
    // the request is 5 KiB a connection, and nothing reads it after the handshake
    (socket.conn as { request: unknown }).request = null;
    session.welcome();
  }

  handleDisconnect(socket: ClientSocket): void {
    this.taken.delete(socket.conn);
    const { session } = socket.data;
    if (session !== undefined) this.sessions.close(session);
    // who leaves the namespace would keep a connection that nobody counts
    socket.conn.close();
  }

  private receive(socket: ClientSocket, action: string, body: unknown, ack: Acknowledge): void {
    const { session } = socket.data;
    const reply: Reply = (type, payload) => {
      if (ack !== undefined) ack({ type, ...payload });
      else session?.client.send(type, payload);
    };
    session?.receive(action, body, reply);
  }

  private async letIn(socket: ClientSocket, next: (error?: Error) => void): Promise<void> {
    try {
      socket.data.caller = await this.admit(socket);
    } catch (error) {
      this.taken.delete(socket.conn);
      return next(this.connectError(error));
    }
    next();
  }

  /** @throws MarketDataError saying why the client may not connect */
  private async admit(socket: ClientSocket): Promise<Caller> {
    if (formatOf(socket) === undefined)
      throw new InvalidMessageError('format must be "json" or "msgpack" on Socket.IO');
    const { callers } = this.sessions;
    // where nobody asks for a credential, nobody looks at what else may stand in its place
    const shown = callers.authenticator.mode === 'off' ? {} : shownBy(socket);
    const caller = await callers.admit(socket.request, shown);
    const refused = this.sessions.refusal(caller);
    if (refused !== undefined) throw this.sessions.refused(refused);
    return caller;
  }

  /** Socket.IO clients find the code and the rest in `connect_error`'s data. */
  private connectError(error: unknown): Error {
    const known =
      error instanceof MarketDataError
        ? error
        : new MarketDataError('UNAUTHENTICATED', 'The server could not check', true);
    return Object.assign(new Error(known.message), { data: errorPayload(known, this.clock.now()) });
  }
}

/** The credential a client shows: `auth: { token }` or `{ apiKey }`, otherwise in its headers. */
function shownBy({ handshake, request }: ClientSocket): Credentials {
  const { token, apiKey } = parseMessage(AuthenticateMessage, handshake.auth);
  return token === undefined && apiKey === undefined ? credentialsOf(request.headers) : { token, apiKey };
}

function formatOf(socket: Pick<Socket, 'handshake'>): 'json' | 'msgpack' | undefined {
  const format = socket.handshake.query['format'] ?? 'json';
  return format === 'json' || format === 'msgpack' ? format : undefined;
}

function ackOf(args: readonly unknown[]): Acknowledge {
  const last = args.at(-1);
  return typeof last === 'function' ? (last as Acknowledge) : undefined;
}
