import type { Socket as TcpSocket } from 'node:net';
import type { Socket } from 'socket.io';
import { framePayloads, pingFrame } from '#compression';
import { ERROR_CODES } from '#domain';
import { CLOSE_MESSAGES, type CloseReason } from '#protocol';
import type { Wire } from '#subscription';

/** The parts of engine.io's connection this door uses; its own types hide the transport's socket. */
interface EngineConnection {
  readonly readyState: string;
  readonly writeBuffer: readonly unknown[];
  readonly transport: {
    readonly name: string;
    readonly writable: boolean;
    readonly socket?: { _socket?: TcpSocket; on?(event: 'pong', listener: () => void): void };
  };
  write(data: string | Buffer, options: { compress: boolean }): unknown;
  once(event: 'drain', listener: () => void): unknown;
  on(event: 'upgrade', listener: () => void): unknown;
}

/** How long the reason for a disconnect may take to reach the client, ms. */
const CLOSE_WITHIN_MS = 1000;

/** A guess of what a queued packet weighs, for the outbox limit of clients on long polling. */
const QUEUED_PACKET_BYTES = 512;

/**
 * Writes below Socket.IO. Going through engine.io costs a packet object, a parser and a system call per update; a window's frames
 * are complete already, so they go to the TCP socket in one write. Order with engine.io's own packets is kept by going below it
 * only when it has nothing queued and nothing half written; otherwise, and on long polling, its queue is used.
 */
export class SocketIoWire implements Wire {
  private readonly connection: EngineConnection;

  /** @param probeAnswered called when the peer has read up to the last probe */
  constructor(
    private readonly socket: Socket,
    private readonly probeAnswered: () => void,
  ) {
    this.connection = socket.conn as unknown as EngineConnection;
    this.listenForPongs();
    if (this.connection.transport.name !== 'websocket') this.connection.on('upgrade', () => this.listenForPongs());
  }

  get buffered(): number {
    const tcp = this.connection.transport.socket?._socket;
    return (tcp?.writableLength ?? 0) + this.connection.writeBuffer.length * QUEUED_PACKET_BYTES;
  }

  write(frames: string, probe: boolean): void {
    const tcp = this.directSocket();
    if (tcp !== undefined) tcp.write(probe ? frames + PROBE : frames, 'latin1');
    else this.writeThroughEngine(frames, probe);
  }

  close(reason: CloseReason): void {
    this.socket.emit('error', {
      code: reason,
      category: ERROR_CODES[reason],
      message: CLOSE_MESSAGES[reason],
      retryable: reason !== 'UNAUTHENTICATED',
      timestamp: Date.now(),
    });
    const tcp = this.connection.transport.socket?._socket;
    this.socket.disconnect(true);
    // engine.io waits for its buffer to empty, which a peer that does not read never lets it do
    if (tcp !== undefined) setTimeout(() => tcp.destroy(), CLOSE_WITHIN_MS).unref();
  }

  private directSocket(): TcpSocket | undefined {
    const { transport, writeBuffer, readyState } = this.connection;
    if (transport.name !== 'websocket' || !transport.writable || writeBuffer.length > 0 || readyState !== 'open')
      return undefined;
    const tcp = transport.socket?._socket;
    return tcp?.writable === true ? tcp : undefined;
  }

  private writeThroughEngine(frames: string, probe: boolean): void {
    const { connection } = this;
    for (const { kind, payload } of framePayloads(frames)) {
      // a text payload begins with engine.io's packet type, which it will add itself
      connection.write(kind === 'text' ? payload.slice(1) : Buffer.from(payload, 'latin1'), { compress: false });
    }
    if (!probe) return;
    const isWebSocket = connection.transport.name === 'websocket';
    if (isWebSocket) connection.transport.socket?._socket?.write(PROBE, 'latin1');
    else if (connection.writeBuffer.length === 0) this.probeAnswered();
    // on long polling the next poll fetches all that is queued
    else connection.once('drain', this.probeAnswered);
  }

  private listenForPongs(): void {
    this.connection.transport.socket?.on?.('pong', this.probeAnswered);
  }
}

const PROBE = pingFrame('');
