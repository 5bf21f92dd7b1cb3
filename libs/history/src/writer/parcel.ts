const LEAST_BYTES = 65_536;
/** Share of a buffer that is in use below which what is in it is better copied than kept with the rest. */
const WORTH_KEEPING = 0.75;

/** Bytes that grow in place, so that what is put together over many turns of the event loop need not be joined at its end. */
export class Parcel {
  length = 0;
  private buffer: Buffer;

  /** @param bytes as many as are expected; more are taken as well */
  constructor(bytes: number) {
    this.buffer = Buffer.allocUnsafeSlow(Math.max(LEAST_BYTES, Math.ceil(bytes)));
  }

  push(piece: Uint8Array): void {
    this.reserve(piece.length);
    this.buffer.set(piece, this.length);
    this.length += piece.length;
  }

  /** Room for so many bytes, to be written by the caller. */
  take(bytes: number): Uint8Array {
    this.reserve(bytes);
    const from = this.length;
    this.length += bytes;
    return this.buffer.subarray(from, this.length);
  }

  /** All of it; what waits for the engine holds on to little more than these bytes. */
  bytes(): Buffer {
    return this.length < WORTH_KEEPING * this.buffer.length ? alone(this.used()) : this.used();
  }

  private used(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  private reserve(bytes: number): void {
    if (this.length + bytes <= this.buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * (this.length + bytes));
    larger.set(this.used());
    this.buffer = larger;
  }
}

/** A copy in memory of its own: a small Buffer is otherwise part of one that it shares with others. */
export function alone(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}
