import { unpack } from 'msgpackr';
import { type ClientOptions, WebSocket } from 'ws';
import type { Received } from './recording-wire.js';
import { until } from './vendor-tools.js';

/** A stock `ws` client that keeps what it is told. */
export class RawClient {
  readonly messages: Received[] = [];
  readonly binary: Buffer[] = [];
  closed: { code: number; reason: string } | undefined;
  private seen = 0;

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.binary.push(data);
      else this.messages.push(JSON.parse(data.toString()) as Received);
    });
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
    });
    socket.on('error', () => undefined);
  }

  static async connect(url: string, options: ClientOptions = {}): Promise<RawClient> {
    const client = new RawClient(new WebSocket(url, options));
    await until('an open connection', () => client.socket.readyState === WebSocket.OPEN || client.closed !== undefined);
    return client;
  }

  /** Messages that came as MessagePack. */
  unpacked(): Received[] {
    return this.binary.map((data) => unpack(data) as Received);
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message));
  }

  /** The next message of a type, among those not waited for yet. */
  async next(type: string, where: (message: Received) => boolean = () => true): Promise<Received> {
    let found = -1;
    await until(`a message of type ${type}`, () => {
      found = this.messages.findIndex((message, i) => i >= this.seen && message.type === type && where(message));
      return found >= 0;
    });
    this.seen = found + 1;
    return this.messages[found] as Received;
  }

  async ended(): Promise<{ code: number; reason: string }> {
    await until('the end of the connection', () => this.closed !== undefined);
    return this.closed as { code: number; reason: string };
  }

  close(): void {
    this.socket.terminate();
  }
}
