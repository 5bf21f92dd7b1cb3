import { unpack } from 'msgpackr';
import { Connection } from './connection.js';
import { countMsgpack, countSocketIoText } from './count-updates.js';
import { Deferred } from './deferred.js';
import { msgpackEventTimes, socketIoTextEventTimes } from './event-times.js';
import { BINARY } from './frame-walker.js';
import { subscribeRefusal, type Subscriber, type SubscriberSpec } from './subscriber.js';
import type { Tally } from './tally.js';

const ENGINE_PING = 0x32;
const BINARY_EVENT = 0x35;
const BINARY_ACK = 0x36;

/** Socket.IO v4 over WebSocket, as far as a subscriber needs it. */
export class SocketIoClient implements Subscriber {
  private readonly join = new Deferred();
  readonly joined = this.join.promise;
  private readonly connection: Connection;
  private isJoined = false;
  /** What the binary frame after a text packet with a placeholder stands for. */
  private attachment: 'answer' | 'update' | 'other' = 'other';

  constructor(
    private readonly spec: SubscriberSpec,
    private readonly tally: Tally,
  ) {
    const format = spec.format === 'json' ? '' : `&format=${spec.format}`;
    this.connection = new Connection(
      { port: spec.port, path: `/socket.io/?EIO=4&transport=websocket${format}` },
      {
        opened: () => {},
        message: (opcode, bytes, start, end) => this.onMessage(opcode, bytes, start, end),
        lost: (reason) => this.onLost(reason),
      },
      tally,
    );
  }

  close(): void {
    this.connection.close();
  }

  private onMessage(opcode: number, bytes: Buffer, start: number, end: number): void {
    if (opcode === BINARY) return this.onAttachment(bytes, start, end);
    if (end - start === 1 && bytes[start] === ENGINE_PING) return this.connection.send('3');
    if (bytes[start + 1] === BINARY_EVENT || bytes[start + 1] === BINARY_ACK)
      this.attachment = whatFollows(bytes, start, end);
    else if (this.isJoined)
      this.tally.take(countSocketIoText(bytes, start, end), socketIoTextEventTimes, bytes, start, end);
    else this.onHandshake(bytes.toString('utf8', start, end));
  }

  private onAttachment(bytes: Buffer, start: number, end: number): void {
    if (this.attachment === 'answer') this.onAnswer(unpack(bytes.subarray(start, end)));
    // An update without `updates` is a price_update, as its event said.
    else if (this.attachment === 'update')
      this.tally.take(countMsgpack(bytes, start) || 1, msgpackEventTimes, bytes, start, end);
  }

  private onHandshake(packet: string): void {
    if (packet.startsWith('0')) this.connection.send('40');
    else if (packet.startsWith('40')) this.subscribe();
    else if (packet.startsWith('44')) this.join.reject(new Error(`connection refused: ${packet}`));
    else if (packet.startsWith('430')) this.onAnswer((JSON.parse(packet.slice(3)) as unknown[])[0]);
    // The rest is `connected`, and snapshots that precede the acknowledgement.
  }

  private subscribe(): void {
    const payload = { symbols: this.spec.symbols, ...this.spec.options };
    this.connection.send(`420${JSON.stringify(['subscribe', payload])}`);
  }

  private onAnswer(answer: unknown): void {
    const refusal = subscribeRefusal(answer, this.spec.symbols.length);
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

/** Of `451-["batch_update",{"_placeholder":true,"num":0}]` and `461-0[{"_placeholder":true,"num":0}]`. */
function whatFollows(bytes: Buffer, start: number, end: number): 'answer' | 'update' | 'other' {
  if (bytes[start + 1] === BINARY_ACK) return 'answer';
  const head = bytes.toString('latin1', start, Math.min(end, start + 24));
  return head.includes('["price_update"') || head.includes('["batch_update"') ? 'update' : 'other';
}
