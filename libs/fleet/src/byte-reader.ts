const MAX_VARINT = Number.MAX_SAFE_INTEGER;

/** Reads what `ByteWriter` has written. Every method throws RangeError where the bytes end too early or say something impossible. */
export class ByteReader {
  private at = 0;

  constructor(private readonly bytes: Buffer) {}

  get isAtEnd(): boolean {
    return this.at >= this.bytes.length;
  }

  get position(): number {
    return this.at;
  }

  moveTo(position: number): void {
    if (position > this.bytes.length) throw new RangeError('The bytes end too early');
    this.at = position;
  }

  byte(): number {
    const value = this.bytes[this.at++];
    if (value === undefined) throw new RangeError('The bytes end too early');
    return value;
  }

  varint(): number {
    let value = 0;
    let unit = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * unit;
      if (value > MAX_VARINT) throw new RangeError('A number is too large');
      if (byte < 0x80) return value;
      unit *= 0x80;
      if (unit > MAX_VARINT) throw new RangeError('A number is too long');
    }
  }

  signed(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : (value + 1) / -2;
  }

  float(): number {
    const value = this.bytes.readDoubleLE(this.at);
    this.at += 8;
    return value;
  }

  text(): string {
    const end = this.byte() + this.at;
    if (end > this.bytes.length) throw new RangeError('The bytes end too early');
    const value = this.bytes.toString('utf8', this.at, end);
    this.at = end;
    return value;
  }

  uint16(): number {
    const value = this.bytes.readUInt16LE(this.at);
    this.at += 2;
    return value;
  }

  /** All that is left. */
  rest(): Buffer {
    return this.bytes.subarray(this.at);
  }
}
