import type { Parcel } from './parcel.js';

/** Writes one block of the engine's `Native` format: columns one after the other, as they are in memory. Little-endian machines only. */
export class NativeBlock {
  constructor(
    private readonly parcel: Parcel,
    columns: number,
    private readonly rows: number,
  ) {
    parcel.push(varint(columns));
    parcel.push(varint(rows));
  }

  /** Fixed-size values of all rows. */
  values(name: string, type: string, values: ArrayBufferView): void {
    this.head(name, type);
    this.parcel.push(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }

  /** Numbers of which NaN stands for NULL. */
  nullable(name: string, values: Float64Array): void {
    const { rows, parcel } = this;
    this.head(name, 'Nullable(Float64)');
    const isNull = parcel.take(rows);
    for (let row = 0; row < rows; row++) {
      const value = values[row] as number;
      // only NaN differs from itself
      isNull[row] = value !== value ? 1 : 0;
    }
    parcel.push(new Uint8Array(values.buffer, values.byteOffset, rows * 8));
  }

  /** Texts by number. @param texts as `nativeText` makes them */
  texts(name: string, numbers: Uint32Array, texts: readonly Uint8Array[]): void {
    const { rows } = this;
    this.head(name, 'String');
    let bytes = 0;
    for (let row = 0; row < rows; row++) bytes += (texts[numbers[row] as number] as Uint8Array).length;
    const all = this.parcel.take(bytes);
    for (let row = 0, at = 0; row < rows; row++) {
      const one = texts[numbers[row] as number] as Uint8Array;
      // a call to `set` costs more than so few bytes
      for (let i = 0; i < one.length; i++) all[at++] = one[i] as number;
    }
  }

  private head(name: string, type: string): void {
    this.parcel.push(text(name));
    this.parcel.push(text(type));
  }
}

/** A text with its length in front. */
export function nativeText(value: string): Uint8Array {
  const bytes = Buffer.from(value);
  return Buffer.concat([varint(bytes.length), bytes]);
}

const known = new Map<string, Uint8Array>();

/** Names and types, which are few. */
function text(value: string): Uint8Array {
  let bytes = known.get(value);
  if (bytes === undefined) known.set(value, (bytes = nativeText(value)));
  return bytes;
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
