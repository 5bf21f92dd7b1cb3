import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FaultSwitch, Target } from './faults.js';

/** Answers a WebSocket handshake with an HTTP status, and ends the connection. */
export function refuseUpgrade(socket: Duplex, status: number, retryAfterSeconds?: number): void {
  const retryAfter = retryAfterSeconds === undefined ? '' : `Retry-After: ${retryAfterSeconds}\r\n`;
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}\r\nConnection: close\r\n`;
  socket.end(`${head}${retryAfter}Content-Length: 0\r\n\r\n`);
}

/** Ends a handshake that a fault keeps from being answered as it should. False when none does. */
export function refusedByFault(faults: FaultSwitch, target: Target, socket: Duplex): boolean {
  const limited = faults.strikes(target, 'rate-limit');
  const broken = faults.strikes(target, 'error');
  if (faults.strikes(target, 'disconnect')) socket.destroy();
  else if (limited !== undefined) refuseUpgrade(socket, 429, limited.retryAfterSeconds ?? 5);
  else if (broken !== undefined) refuseUpgrade(socket, broken.status ?? 503);
  else return false;
  return true;
}
