import { unpack } from 'msgpackr';
import { Connection } from './connection.js';
import { countCompact, countMsgpack, countRawJson } from './count-updates.js';
import { compactEventTimes, msgpackEventTimes, rawJsonEventTimes } from './event-times.js';
import { Deferred } from './deferred.js';
import { TEXT } from './frame-walker.js';
import { subscribeRefusal, type Subscriber, type SubscriberSpec } from './subscriber.js';
import type { Tally } from './tally.js';

/** The plain WebSocket door: one message a frame. */
export class RawClient implements Subscriber {
  private readonly join = new Deferred();
  readonly joined = this.join.promise;
  private readonly connection: Connection;
  private isJoined = false;

  constructor(
    private readonly spec: SubscriberSpec,
    private readonly tally: Tally,
  ) {
    const path = spec.format === 'json' ? '/ws' : `/ws?format=${spec.format}`;
    this.connection = new Connection(
      { port: spec.port, path },
      {
        opened: () => this.subscribe(),
        message: (opcode, bytes, start, end) => this.onMessage(opcode, bytes, start, end),
        lost: (reason) => this.onLost(reason),
      },
      tally,
    );
  }

  close(): void {
    this.connection.close();
  }

  private subscribe(): void {
    const { symbols, options } = this.spec;
    this.connection.send(JSON.stringify({ action: 'subscribe', id: 1, symbols, ...options }));
  }

  private onMessage(opcode: number, bytes: Buffer, start: number, end: number): void {
    if (!this.isJoined) return this.onHandshake(opcode, bytes.subarray(start, end));
    if (opcode === TEXT) this.tally.take(countRawJson(bytes, start, end), rawJsonEventTimes, bytes, start, end);
    else if (this.spec.format === 'msgpack')
      this.tally.take(countMsgpack(bytes, start), msgpackEventTimes, bytes, start, end);
    else this.tally.take(countCompact(bytes, start, end), compactEventTimes, bytes, start, end);
  }

  private onHandshake(opcode: number, payload: Buffer): void {
    if (opcode !== TEXT && this.spec.format === 'compact') return; // answers of that door are text
    const message = (opcode === TEXT ? JSON.parse(payload.toString()) : unpack(payload)) as { type?: string };
    if (message.type !== 'subscribed' && message.type !== 'error') return;
    const refusal = subscribeRefusal(message, this.spec.symbols.length);
    if (refusal !== undefined) return this.join.reject(refusal);
    this.isJoined = true;
    this.join.resolve();
  }

  private onLost(reason: string): void {
    this.tally.disconnects++;
    this.tally.lastDisconnect = reason;
    this.join.reject(new Error(reason));
  }
}
