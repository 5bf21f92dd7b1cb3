const LEAST_BYTES = 65_536;

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

  bytes(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  private reserve(bytes: number): void {
    if (this.length + bytes <= this.buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * (this.length + bytes));
    larger.set(this.bytes());
    this.buffer = larger;
  }
}
