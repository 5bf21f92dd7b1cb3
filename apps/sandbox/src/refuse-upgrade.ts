import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

/** Answers a WebSocket handshake with an HTTP status, and ends the connection. */
export function refuseUpgrade(socket: Duplex, status: number, retryAfterSeconds?: number): void {
  const retryAfter = retryAfterSeconds === undefined ? '' : `Retry-After: ${retryAfterSeconds}\r\n`;
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}\r\nConnection: close\r\n`;
  socket.end(`${head}${retryAfter}Content-Length: 0\r\n\r\n`);
}
