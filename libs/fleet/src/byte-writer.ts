const FIRST_BYTES = 4096;

/** Writes numbers and texts one after the other into memory that grows and is used again. */
export class ByteWriter {
  private bytes = Buffer.allocUnsafe(FIRST_BYTES);
  private at = 0;

  get length(): number {
    return this.at;
  }

  clear(): void {
    this.at = 0;
  }

  /** A copy of what has been written. */
  copy(): Buffer {
    return Buffer.from(this.bytes.subarray(0, this.at));
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.at++] = value;
  }

  /** An integer from 0 to 2^53 - 1, in as few bytes as it needs. */
  varint(value: number): void {
    this.reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.bytes[this.at++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.bytes[this.at++] = rest;
  }

  /** An integer of less than 2^52 on either side of 0. */
  signed(value: number): void {
    this.varint(value >= 0 ? value * 2 : value * -2 - 1);
  }

  float(value: number): void {
    this.reserve(8);
    this.at = this.bytes.writeDoubleLE(value, this.at);
  }

  /** @throws RangeError if the text has more than 255 bytes */
  text(value: string): void {
    const length = Buffer.byteLength(value);
    if (length > 255) throw new RangeError(`A text of ${length} bytes does not fit`);
    this.reserve(1 + length);
    this.bytes[this.at++] = length;
    this.at += this.bytes.write(value, this.at);
  }

  /** Leaves two bytes for a length and returns where they are. */
  openLength(): number {
    this.reserve(2);
    this.at += 2;
    return this.at - 2;
  }

  /** Writes how much has come since `openLength`. */
  closeLength(opened: number): void {
    this.bytes.writeUInt16LE(this.at - opened - 2, opened);
  }

  private reserve(count: number): void {
    if (this.at + count <= this.bytes.length) return;
    const wider = Buffer.allocUnsafe(2 * this.bytes.length + count);
    this.bytes.copy(wider, 0, 0, this.at);
    this.bytes = wider;
  }
}
