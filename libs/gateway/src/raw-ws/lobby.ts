import type { RawData, WebSocket } from 'ws';
import type { Credentials } from '#auth';
import { type Cancel, type Clock, MarketDataError } from '#domain';
import {
  AuthenticateMessage,
  CLOSE_CODES,
  CLOSE_MESSAGES,
  type CloseReason,
  type MessageId,
  parseMessage,
} from '#protocol';
import type { Caller } from '../access/caller.js';
import { errorPayload } from '../error-map.js';
import { type RawMessage, readMessage } from './raw-message.js';

/** A frame as `ws` hands it out. */
export interface Frame {
  readonly data: Buffer;
  readonly isBinary: boolean;
}

export interface LobbyOptions {
  /** How long a connection may take to be let in, ms. */
  readonly timeoutMs: number;
  readonly maxMessageBytes: number;
}

/** What the lobby asks of its door. */
export interface Doorkeeper {
  /** Credential that came with the upgrade; undefined when the first message has to bring it. */
  readonly shown: Credentials | undefined;
  /** @throws MarketDataError saying why the credential is refused */
  verify(credentials: Credentials): Promise<Caller>;
  /** Takes the socket over, with the message that brought the credential, if one did, and what came behind it. */
  admitted(caller: Caller, first: RawMessage | undefined, behind: readonly Frame[]): void;
  /** The connection has left the lobby, in whatever way. Called once, and before `admitted`. */
  left(): void;
}

/** Frames a client may send before its credential has been checked. */
const MAX_BEHIND = 32;
/** A peer that does not answer the close frame is cut off after this, ms. */
const CLOSE_PATIENCE_MS = 1000;

/** Ends a connection that has no session, with an error and the close code that goes with it. */
export function turnAway(socket: WebSocket, error: MarketDataError, clock: Clock, id?: MessageId): void {
  const reason = error.code in CLOSE_CODES ? (error.code as CloseReason) : 'UNAUTHENTICATED';
  socket.send(JSON.stringify({ type: 'error', ...errorPayload(error, clock.now(), id) }));
  socket.close(CLOSE_CODES[reason], CLOSE_MESSAGES[reason]);
  clock.after(CLOSE_PATIENCE_MS, () => socket.terminate());
}

/** Holds a connection that has yet to say who it is: at once with the upgrade, or with `authenticate` as its first message. */
export class Lobby {
  private readonly behind: Frame[] = [];
  private isOver = false;
  private isChecking = false;
  private readonly cancel: Cancel;

  constructor(
    private readonly socket: WebSocket,
    private readonly options: LobbyOptions,
    private readonly clock: Clock,
    private readonly door: Doorkeeper,
  ) {
    const late = new MarketDataError('UNAUTHENTICATED', `Not authenticated within ${options.timeoutMs} ms`, true);
    this.cancel = clock.after(options.timeoutMs, () => this.refuse(late));
    socket.on('message', this.receive);
    socket.on('close', this.leave);
    if (door.shown !== undefined) void this.check(door.shown);
  }

  private readonly receive = (data: RawData, isBinary: boolean): void => {
    if (!this.isChecking) return this.readFirst(data as Buffer, isBinary);
    if (this.behind.push({ data: data as Buffer, isBinary }) > MAX_BEHIND)
      this.refuse(new MarketDataError('RATE_LIMITED', 'Too many messages before authentication', true));
  };

  private readonly leave = (): void => {
    if (this.isOver) return;
    this.isOver = true;
    this.cancel();
    this.socket.off('message', this.receive);
    this.socket.off('close', this.leave);
    this.door.left();
  };

  private readFirst(data: Buffer, isBinary: boolean): void {
    let first: RawMessage | undefined;
    try {
      first = readMessage(data, isBinary, this.options.maxMessageBytes);
      if (first.action !== 'authenticate')
        throw new MarketDataError('UNAUTHENTICATED', 'The first message must be "authenticate"', false);
      void this.check(parseMessage(AuthenticateMessage, first.payload), first);
    } catch (error) {
      this.refuse(error as MarketDataError, first?.id);
    }
  }

  private async check(credentials: Credentials, first?: RawMessage): Promise<void> {
    this.isChecking = true;
    try {
      const caller = await this.door.verify(credentials);
      if (this.isOver) return;
      this.leave();
      this.door.admitted(caller, first, this.behind);
    } catch (error) {
      this.refuse(error as MarketDataError, first?.id);
    }
  }

  private refuse(error: MarketDataError, id?: MessageId): void {
    if (this.isOver) return;
    this.leave();
    turnAway(this.socket, error, this.clock, id);
  }
}
