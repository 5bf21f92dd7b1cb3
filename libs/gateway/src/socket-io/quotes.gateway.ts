import {
  Ack,
  ConnectedSocket,
  MessageBody,
  type OnGatewayConnection,
  type OnGatewayDisconnect,
  type OnGatewayInit,
  SubscribeMessage,
  WebSocketGateway,
} from '@nestjs/websockets';
import type { Server, Socket } from 'socket.io';
import { type Clock, CLOCK, MarketDataError } from '#domain';
import { CLIENT_ACTIONS, type ServerMessages } from '#protocol';
import { Inject } from '@nestjs/common';
import { errorPayload } from '../error-map.js';
import type { AnswerType, Reply, Session } from '../session/session.js';
import { Sessions } from '../session/sessions.js';
import { SocketIoWire } from './socket-io-wire.js';

/** What a Socket.IO client may be sent, by event. */
type ServerEvents = { [T in keyof ServerMessages]: (payload: ServerMessages[T]) => void };
type Acknowledge = ((answer: { type: AnswerType }) => void) | undefined;
type ClientSocket = Socket<Record<string, never>, ServerEvents, Record<string, never>, { session?: Session }>;

/** The Socket.IO door: events are actions, answers are acknowledgements, quotes go below Socket.IO through `SocketIoWire`. */
@WebSocketGateway()
export class QuotesGateway
  implements OnGatewayInit<Server>, OnGatewayConnection<ClientSocket>, OnGatewayDisconnect<ClientSocket>
{
  constructor(
    private readonly sessions: Sessions,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  afterInit(server: Server): void {
    server.use((socket, next) => {
      const refusal = this.refusal(socket);
      if (refusal === undefined) return next();
      // Socket.IO clients find the code and the rest in `connect_error`'s data
      next(Object.assign(new Error(refusal.message), { data: errorPayload(refusal, this.clock.now()) }));
    });
  }

  handleConnection(socket: ClientSocket): void {
    const wire = new SocketIoWire(socket as unknown as Socket, () => session.client.probeAnswered(this.clock.now()));
    const session = this.sessions.open(wire, 'socket.io', formatOf(socket) ?? 'json');
    socket.data.session = session;
    socket.conn.on('packet', (packet: { data?: string | Buffer }) => {
      if ((packet.data?.length ?? 0) > this.sessions.options.maxMessageBytes) session.client.close('MESSAGE_TOO_LARGE');
    });
    socket.onAny((action: string, ...args: unknown[]) => {
      if (!(CLIENT_ACTIONS as readonly string[]).includes(action)) this.receive(socket, action, args[0], ackOf(args));
    });
    // the request is 5 KiB a connection, and nothing reads it after the handshake
    (socket.conn as { request: unknown }).request = null;
    session.welcome();
  }

  handleDisconnect(socket: ClientSocket): void {
    const { session } = socket.data;
    if (session !== undefined) this.sessions.close(session);
  }

  @SubscribeMessage('subscribe')
  subscribe(@ConnectedSocket() socket: ClientSocket, @MessageBody() body: unknown, @Ack() ack: Acknowledge): void {
    this.receive(socket, 'subscribe', body, ack);
  }

  @SubscribeMessage('unsubscribe')
  unsubscribe(@ConnectedSocket() socket: ClientSocket, @MessageBody() body: unknown, @Ack() ack: Acknowledge): void {
    this.receive(socket, 'unsubscribe', body, ack);
  }

  @SubscribeMessage('subscriptions')
  subscriptions(@ConnectedSocket() socket: ClientSocket, @MessageBody() body: unknown, @Ack() ack: Acknowledge): void {
    this.receive(socket, 'subscriptions', body, ack);
  }

  @SubscribeMessage('ping')
  ping(@ConnectedSocket() socket: ClientSocket, @MessageBody() body: unknown, @Ack() ack: Acknowledge): void {
    this.receive(socket, 'ping', body, ack);
  }

  @SubscribeMessage('authenticate')
  authenticate(@ConnectedSocket() socket: ClientSocket, @MessageBody() body: unknown, @Ack() ack: Acknowledge): void {
    this.receive(socket, 'authenticate', body, ack);
  }

  private receive(socket: ClientSocket, action: string, body: unknown, ack: Acknowledge): void {
    const { session } = socket.data;
    const reply: Reply = (type, payload) => {
      if (ack !== undefined) ack({ type, ...payload });
      else session?.client.send(type, payload);
    };
    session?.receive(action, body, reply);
  }

  private refusal(socket: Socket): MarketDataError | undefined {
    const refused = this.sessions.refusal();
    if (refused === 'CONNECTION_LIMIT')
      return new MarketDataError(refused, 'The server has no room for another connection', true);
    if (refused === 'SERVER_DRAINING') return new MarketDataError(refused, 'The server is restarting', true);
    if (formatOf(socket) !== undefined) return undefined;
    return new MarketDataError('INVALID_MESSAGE', 'format must be "json" or "msgpack" on Socket.IO', false);
  }
}

function formatOf(socket: Pick<Socket, 'handshake'>): 'json' | 'msgpack' | undefined {
  const format = socket.handshake.query['format'] ?? 'json';
  return format === 'json' || format === 'msgpack' ? format : undefined;
}

function ackOf(args: readonly unknown[]): Acknowledge {
  const last = args.at(-1);
  return typeof last === 'function' ? (last as Acknowledge) : undefined;
}
