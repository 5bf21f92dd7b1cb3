import type { Socket as TcpSocket } from 'node:net';
import type { WebSocket } from 'ws';
import { pingFrame } from '#compression';
import { CLOSE_CODES, CLOSE_MESSAGES, type CloseReason } from '#protocol';
import type { Wire } from '#subscription';

const PROBE = pingFrame('');
/** A peer that does not answer the close frame is cut off after this, ms. */
const CLOSE_PATIENCE_MS = 1000;

/** Writes complete frames to a plain WebSocket's TCP socket; `ws` reads, answers pings and closes. */
export class RawWire implements Wire {
  constructor(
    private readonly socket: WebSocket,
    private readonly tcp: TcpSocket,
  ) {}

  get buffered(): number {
    return this.tcp.writableLength;
  }

  write(frames: string, probe: boolean): void {
    if (this.tcp.writable) this.tcp.write(probe ? frames + PROBE : frames, 'latin1');
  }

  close(reason: CloseReason): void {
    this.socket.close(CLOSE_CODES[reason], CLOSE_MESSAGES[reason]);
    setTimeout(() => this.socket.terminate(), CLOSE_PATIENCE_MS).unref();
  }
}
