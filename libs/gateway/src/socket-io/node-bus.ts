import { IsOptional, IsString, MaxLength } from 'class-validator';
import type { Server } from 'socket.io';
import { InvalidMessageError, type Log } from '#domain';
import { NoticeMessage, parseMessage } from '#protocol';
import type { Sessions } from '../session/sessions.js';

/** Which clients to end: the one of an id, or all connections of a user. */
export class Leaver {
  @IsOptional()
  @IsString()
  @MaxLength(64)
  clientId?: string;

  /** `token:<sub>` or `key:<id>`. */
  @IsOptional()
  @IsString()
  @MaxLength(512)
  subject?: string;
}

const NOTICE = 'tickwire:notice';
const DISCONNECT = 'tickwire:disconnect';

/** Does to the clients of every node what an operator asks for. Each node sees to its own, at whichever door they are. */
export class NodeBus {
  private server: Server | undefined;

  constructor(
    private readonly sessions: Sessions,
    /** Whether there may be other nodes. */
    private readonly isFleet: boolean,
    private readonly log: Log,
  ) {}

  /** Joins the other nodes through Socket.IO's adapter. */
  attach(server: Server): void {
    this.server = server;
    if (!this.isFleet) return;
    server.on(NOTICE, (given: unknown) => this.hear(() => this.sessions.notify(parseMessage(NoticeMessage, given))));
    server.on(DISCONNECT, (given: unknown, answer: unknown) => {
      const ended = this.hear(() => this.sessions.end(readLeaver(given))) ?? 0;
      if (typeof answer === 'function') (answer as (ended: number) => void)(ended);
    });
  }

  /** @returns clients of this node that are told */
  notify(notice: NoticeMessage): number {
    if (this.isFleet) this.server?.serverSideEmit(NOTICE, { ...notice });
    return this.sessions.notify(notice);
  }

  /** @returns connections ended on all nodes that have answered. @throws InvalidMessageError if nobody or two are named */
  async disconnect(leaver: Leaver): Promise<number> {
    const own = this.sessions.end(checkLeaver(leaver));
    if (!this.isFleet) return own;
    const others = await new Promise<unknown[]>((resolve) => {
      this.server?.serverSideEmit(DISCONNECT, { ...leaver }, (_late: unknown, answers: unknown[]) => resolve(answers));
    });
    return others.reduce<number>((sum, ended) => sum + (typeof ended === 'number' ? ended : 0), own);
  }

  private hear<T>(act: () => T): T | undefined {
    try {
      return act();
    } catch (error) {
      this.log.warn({ error: String(error) }, 'another node has said what cannot be read');
      return undefined;
    }
  }
}

function readLeaver(given: unknown): Leaver {
  return checkLeaver(parseMessage(Leaver, given));
}

function checkLeaver(leaver: Leaver): Leaver {
  if ((leaver.clientId === undefined) === (leaver.subject === undefined))
    throw new InvalidMessageError('exactly one of "clientId" and "subject" is needed');
  return leaver;
}
