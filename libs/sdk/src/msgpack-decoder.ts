const text = new TextDecoder();

/** Extension types carry nothing the contract uses; they read as undefined. */
const EXT_LENGTHS: Readonly<Record<number, number>> = { 0xd4: 1, 0xd5: 2, 0xd6: 4, 0xd7: 8, 0xd8: 16 };

/** Reads one MessagePack value. @throws RangeError if the bytes are cut short or of no known type */
export function decodeMsgpack(bytes: Uint8Array): unknown {
  return new Reader(bytes).value();
}

class Reader {
  private readonly view: DataView;
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  value(): unknown {
    const head = this.uint(1);
    if (head < 0x80) return head;
    if (head < 0x90) return this.map(head & 0x0f);
    if (head < 0xa0) return this.array(head & 0x0f);
    if (head < 0xc0) return this.text(head & 0x1f);
    if (head >= 0xe0) return head - 0x100;
    switch (head) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.take(this.uint(1 << (head - 0xc4)));
      case 0xca:
        return this.view.getFloat32(this.skip(4));
      case 0xcb:
        return this.view.getFloat64(this.skip(8));
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.uint(1 << (head - 0xcc));
      case 0xcf:
        return this.uint(4) * 2 ** 32 + this.uint(4);
      case 0xd0:
        return this.view.getInt8(this.skip(1));
      case 0xd1:
        return this.view.getInt16(this.skip(2));
      case 0xd2:
        return this.view.getInt32(this.skip(4));
      case 0xd3:
        return this.view.getInt32(this.skip(4)) * 2 ** 32 + this.uint(4);
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.text(this.uint(1 << (head - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.array(this.uint(2 << (head - 0xdc)));
      case 0xde:
      case 0xdf:
        return this.map(this.uint(2 << (head - 0xde)));
      default:
        return this.extension(head);
    }
  }

  private map(entries: number): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    for (let i = 0; i < entries; i++) {
      const key = String(this.value());
      const value = this.value();
      // a property of this name would change the object instead of joining it
      if (key !== '__proto__') result[key] = value;
    }
    return result;
  }

  private array(items: number): unknown[] {
    const result: unknown[] = [];
    for (let i = 0; i < items; i++) result.push(this.value());
    return result;
  }

  private text(length: number): string {
    return text.decode(this.take(length));
  }

  private extension(head: number): undefined {
    const known = EXT_LENGTHS[head];
    if (known === undefined && (head < 0xc7 || head > 0xc9)) throw new RangeError(`No MessagePack type ${head}`);
    this.skip(1 + (known ?? this.uint(1 << (head - 0xc7))));
    return undefined;
  }

  private take(length: number): Uint8Array {
    const start = this.skip(length);
    return this.bytes.subarray(start, start + length);
  }

  private uint(length: number): number {
    const start = this.skip(length);
    return length === 1
      ? this.view.getUint8(start)
      : length === 2
        ? this.view.getUint16(start)
        : this.view.getUint32(start);
  }

  private skip(length: number): number {
    const start = this.at;
    this.at += length;
    if (this.at > this.bytes.length) throw new RangeError('MessagePack is cut short');
    return start;
  }
}
