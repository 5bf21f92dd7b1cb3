export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

/** The payload is `bytes[start, end)` and is valid only during the call: the buffer is read into again. */
export type OnFrame = (opcode: number, bytes: Buffer, start: number, end: number) => void;

const LONGEST_HEADER = 10;
const NOTHING = Buffer.alloc(0);

/**
 * Cuts a server's byte stream into WebSocket frames. Frames inside one read are handed over where they lie; only a frame
 * that spans reads is copied together.
 * @throws Error at a masked, fragmented or compressed frame: no server under test may send one to this generator.
 */
export class FrameWalker {
  private held = NOTHING;
  private heldLength = 0;

  constructor(private readonly onFrame: OnFrame) {}

  push(bytes: Buffer, length: number): void {
    let at = this.heldLength === 0 ? 0 : this.completeHeld(bytes, length);
    while (at < length) {
      const size = frameSize(bytes, at, length);
      if (size === 0 || at + size > length) return this.hold(bytes, at, length, size);
      this.emit(bytes, at, at + size);
      at += size;
    }
  }

  private emit(bytes: Buffer, at: number, end: number): void {
    const first = bytes[at]!;
    if ((first & 0xf0) !== 0x80) throw new Error(`fragmented or compressed frame (first byte ${first})`);
    const short = bytes[at + 1]!;
    this.onFrame(first & 0x0f, bytes, at + (short < 126 ? 2 : short === 126 ? 4 : LONGEST_HEADER), end);
  }

  /** Keeps the beginning of a frame until the next read; `size` is 0 while not even its header is whole. */
  private hold(bytes: Buffer, at: number, end: number, size: number): void {
    this.reserve(Math.max(size, LONGEST_HEADER));
    bytes.copy(this.held, 0, at, end);
    this.heldLength = end - at;
  }

  /** Adds to the held frame what belongs to it; answers how many bytes that took. */
  private completeHeld(bytes: Buffer, length: number): number {
    let at = 0;
    let size = frameSize(this.held, 0, this.heldLength);
    while (size === 0 && at < length) {
      this.held[this.heldLength++] = bytes[at++]!;
      size = frameSize(this.held, 0, this.heldLength);
    }
    if (size === 0) return at;
    this.reserve(size);
    const taken = Math.min(size - this.heldLength, length - at);
    bytes.copy(this.held, this.heldLength, at, at + taken);
    this.heldLength += taken;
    if (this.heldLength === size) {
      this.heldLength = 0;
      this.emit(this.held, 0, size);
    }
    return at + taken;
  }

  private reserve(size: number): void {
    if (this.held.length >= size) return;
    const larger = Buffer.allocUnsafe(size);
    this.held.copy(larger, 0, 0, this.heldLength);
    this.held = larger;
  }
}

/** Header and payload together; 0 while the header is not whole. */
function frameSize(bytes: Buffer, at: number, end: number): number {
  const available = end - at;
  if (available < 2) return 0;
  const short = bytes[at + 1]!;
  if (short < 126) return 2 + short;
  if (short === 126) return available < 4 ? 0 : 4 + bytes.readUInt16BE(at + 2);
  if (short > 127) throw new Error('masked frame from a server');
  return available < LONGEST_HEADER ? 0 : LONGEST_HEADER + bytes.readUInt32BE(at + 6); // no frame here reaches 4 GiB
}

/**
 * One frame from client to server. The mask key is 0, which RFC 6455 allows: the payload then travels as it is, and
 * masking costs the generator nothing. The server unmasks as always.
 */
export function clientFrame(opcode: number, payload: Buffer): Buffer {
  const extended = payload.length < 126 ? 0 : payload.length < 65_536 ? 2 : 8;
  const frame = Buffer.alloc(2 + extended + 4 + payload.length);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (extended === 0 ? payload.length : extended === 2 ? 126 : 127);
  if (extended === 2) frame.writeUInt16BE(payload.length, 2);
  if (extended === 8) frame.writeBigUInt64BE(BigInt(payload.length), 2);
  payload.copy(frame, 2 + extended + 4);
  return frame;
}
