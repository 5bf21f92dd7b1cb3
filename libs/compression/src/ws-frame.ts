/**
 * WebSocket frames as latin1 strings: one character is one byte, so frames of any format are joined by string
 * concatenation and leave in one `socket.write(frames, 'latin1')`. Server frames are unmasked and never fragmented (RFC 6455, 5.2).
 */
const TEXT = '\x81';
const BINARY = '\x82';
const PING = '\x89';

export type FrameKind = 'text' | 'binary';

/** A frame of `payload`, whose characters must all be below 256; text must be ASCII, because it is not encoded again. */
export function wsFrame(kind: FrameKind, payload: string): string {
  return (kind === 'text' ? TEXT : BINARY) + lengthBytes(payload.length) + payload;
}

/** A ping that carries `payload` (at most 125 bytes); the peer's stack answers it in order with what it has read. */
export function pingFrame(payload: string): string {
  return PING + lengthBytes(payload.length) + payload;
}

export interface FramePayload {
  readonly kind: FrameKind;
  readonly payload: string;
}

/** Splits frames made by `wsFrame` into their payloads again, for a transport that frames by itself. Pings are left out. */
export function framePayloads(frames: string): FramePayload[] {
  const payloads: FramePayload[] = [];
  let at = 0;
  while (at < frames.length) {
    const opcode = frames[at];
    let length = frames.charCodeAt(at + 1);
    at += 2;
    if (length >= 126) {
      const bytes = length === 126 ? 2 : 8;
      length = 0;
      for (let i = 0; i < bytes; i++) length = length * 256 + frames.charCodeAt(at + i);
      at += bytes;
    }
    const payload = frames.slice(at, at + length);
    if (opcode === TEXT) payloads.push({ kind: 'text', payload });
    else if (opcode === BINARY) payloads.push({ kind: 'binary', payload });
    at += length;
  }
  return payloads;
}

function lengthBytes(length: number): string {
  if (length < 126) return String.fromCharCode(length);
  if (length < 65_536) return String.fromCharCode(126, length >> 8, length & 255);
  return String.fromCharCode(
    127,
    0,
    0,
    0,
    0,
    (length >>> 24) & 255,
    (length >>> 16) & 255,
    (length >>> 8) & 255,
    length & 255,
  );
}
