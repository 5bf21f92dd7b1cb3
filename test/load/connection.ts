import { connect, type Socket } from 'node:net';
import { clientFrame, CLOSE, FrameWalker, PING, PONG, TEXT, type OnFrame } from './frame-walker.js';
import type { Tally } from './tally.js';

/** One buffer for all sockets: Node reads and hands over synchronously, and nothing keeps a slice. */
const READ_BUFFER = Buffer.allocUnsafe(256 * 1024);

export interface Endpoint {
  readonly port: number;
  /** Path and query of the upgrade request. */
  readonly path: string;
}

export interface ConnectionEvents {
  opened(): void;
  /** Text and binary frames; control frames are answered here. */
  message: OnFrame;
  /** Once, whatever ended it, unless `close` was called. */
  lost(reason: string): void;
}

/** A WebSocket client connection as cheap as Node allows: a socket, an upgrade written by hand, a frame walker. */
export class Connection {
  private readonly socket: Socket;
  private readonly walker: FrameWalker;
  private upgradeAnswer: string | undefined = '';
  private ended = false;

  constructor(
    endpoint: Endpoint,
    private readonly events: ConnectionEvents,
    private readonly tally: Tally,
  ) {
    this.walker = new FrameWalker((opcode, bytes, start, end) => this.onFrame(opcode, bytes, start, end));
    this.socket = connect({
      host: '127.0.0.1',
      port: endpoint.port,
      noDelay: true,
      onread: {
        buffer: READ_BUFFER,
        callback: (length) => {
          this.onRead(length);
          return true;
        },
      },
    });
    this.socket.once('connect', () => this.socket.write(upgradeRequest(endpoint)));
    this.socket.once('error', (error) => this.lose(error.message));
    this.socket.once('close', () => this.lose('closed by the server'));
  }

  send(text: string): void {
    this.socket.write(clientFrame(TEXT, Buffer.from(text)));
  }

  close(): void {
    this.ended = true;
    this.socket.destroy();
  }

  private onRead(length: number): void {
    this.tally.bytes += length;
    try {
      if (this.upgradeAnswer === undefined) this.walker.push(READ_BUFFER, length);
      else this.onUpgrade(READ_BUFFER.toString('latin1', 0, length));
    } catch (error) {
      this.lose(error instanceof Error ? error.message : String(error));
    }
  }

  private onUpgrade(text: string): void {
    const answer = (this.upgradeAnswer ?? '') + text;
    this.upgradeAnswer = answer;
    const headEnd = answer.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    if (!answer.startsWith('HTTP/1.1 101')) return this.lose(answer.slice(0, 200));
    this.upgradeAnswer = undefined;
    this.events.opened();
    const rest = Buffer.from(answer.slice(headEnd + 4), 'latin1');
    if (rest.length > 0) this.walker.push(rest, rest.length);
  }

  private onFrame(opcode: number, bytes: Buffer, start: number, end: number): void {
    if (opcode < CLOSE) return this.events.message(opcode, bytes, start, end);
    // The server judges a client's age by its pongs, so they go out at once.
    if (opcode === PING) this.socket.write(clientFrame(PONG, Buffer.from(bytes.subarray(start, end))));
    else if (opcode === CLOSE) this.lose(closeReason(bytes, start, end));
  }

  private lose(reason: string): void {
    if (this.ended) return;
    this.close();
    this.events.lost(reason);
  }
}

function upgradeRequest({ port, path }: Endpoint): string {
  return [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGlja3dpcmUgYmVuY2ggMQ==',
    '\r\n',
  ].join('\r\n');
}

function closeReason(bytes: Buffer, start: number, end: number): string {
  if (end - start < 2) return 'close frame without a code';
  return `close ${bytes.readUInt16BE(start)} ${bytes.toString('utf8', start + 2, end)}`;
}
