import type { BatchUpdateMessage, QuoteValues, SnapshotMessage, UpdateItem } from './contract.js';

type Kind = 'price' | 'count' | 'time' | 'flag' | 'derived';

/** Numeric fields by their bit. The layout is in docs/protocol.md, "Compact form". */
const FIELDS: readonly (readonly [name: string, kind: Kind])[] = [
  ['price', 'price'],
  ['volume', 'count'],
  ['bid', 'price'],
  ['ask', 'price'],
  ['bidSize', 'count'],
  ['askSize', 'count'],
  ['timestamp', 'time'],
  ['lastSize', 'count'],
  ['averagePrice', 'price'],
  ['high', 'price'],
  ['low', 'price'],
  ['change', 'derived'],
  ['changePercent', 'derived'],
  ['openInterest', 'count'],
  ['open', 'price'],
  ['previousClose', 'price'],
  ['stale', 'flag'],
];
const PRICE = 0;
const PREVIOUS_CLOSE = 15;
const SOURCE_BIT = 1 << 17;
const CLEARED_BIT = 1 << 18;
const KIND = { batch: 1, snapshot: 2 };

/** What the next update of an instrument is relative to. */
interface Base {
  readonly symbol: string;
  readonly scale: number;
  sequence: number;
  /** As they travel: prices in units of the last decimal, times in epoch ms; NaN where unknown. */
  readonly values: Float64Array;
}

type Values = Record<string, QuoteValues[keyof QuoteValues]>;

const text = new TextDecoder();

/** Reads the compact form into the messages of the JSON contract. Instrument numbers are learned from snapshots and hold for one connection. */
export class CompactDecoder {
  private readonly bases = new Map<number, Base>();
  private bytes: Uint8Array = new Uint8Array(0);
  private at = 0;
  private sentAt = 0;

  /** Forgets all instruments: their numbers are of another connection. */
  reset(): void {
    this.bases.clear();
  }

  /** @throws RangeError if the frame is cut short, of an unknown kind, or names an instrument no snapshot came for */
  read(frame: Uint8Array): SnapshotMessage | BatchUpdateMessage {
    this.bytes = frame;
    this.at = 0;
    const kind = this.byte();
    if (kind === KIND.snapshot) return this.snapshot();
    if (kind !== KIND.batch) throw new RangeError(`Unknown compact frame kind ${kind}`);
    const count = this.varint();
    this.sentAt = this.time();
    const updates: UpdateItem[] = [];
    for (let i = 0; i < count; i++) updates.push(this.update());
    return { type: 'batch_update', updates, compression: 'delta', timestamp: this.sentAt };
  }

  private snapshot(): SnapshotMessage {
    const number = this.varint();
    const seq = this.varint();
    const scale = 10 ** this.byte();
    const epoch = this.text();
    const symbol = this.text();
    const companyName = this.text();
    this.sentAt = this.time();
    const values = new Float64Array(FIELDS.length).fill(NaN);
    const base: Base = { symbol, scale, sequence: seq, values };
    const data: Values = { symbol, companyName };
    this.values(base, this.varint(), data);
    this.bases.set(number, base);
    return { type: 'snapshot', symbol, epoch, seq, data, timestamp: this.sentAt };
  }

  private update(): UpdateItem {
    const number = this.varint();
    const base = this.bases.get(number);
    if (base === undefined) throw new RangeError(`Update of instrument ${number} before its snapshot`);
    const step = (this.byte() - base.sequence) & 0xff;
    const seq = base.sequence + step;
    const { symbol } = base;
    const data: Values = {};
    if (step === 1) {
      base.sequence = seq;
      this.changes(base, data);
      return { symbol, seq, data };
    }
    // not the next one: its values are relative to what we do not have, so it is read past, and its sequence tells the rest
    this.changes({ ...base, values: base.values.slice() }, {});
    return { symbol, seq, data };
  }

  private changes(base: Base, data: Values): void {
    const mask = this.varint();
    this.values(base, mask & ~CLEARED_BIT, data);
    if ((mask & CLEARED_BIT) === 0) return;
    const cleared = this.varint();
    for (let slot = 0; slot < FIELDS.length; slot++) {
      if ((cleared & (1 << slot)) === 0) continue;
      base.values[slot] = NaN;
      data[FIELDS[slot]![0]] = null;
    }
    derive(base, data);
  }

  private values(base: Base, mask: number, data: Values): void {
    const { values, scale } = base;
    for (let slot = 0; slot < FIELDS.length; slot++) {
      if ((mask & (1 << slot)) === 0) continue;
      const [name, kind] = FIELDS[slot]!;
      const before = Number.isNaN(values[slot]) ? 0 : values[slot]!;
      const value =
        kind === 'flag' ? this.byte() : kind === 'time' ? this.sentAt + this.signed() : before + this.signed();
      values[slot] = value;
      data[name] =
        kind === 'price'
          ? value / scale
          : kind === 'time'
            ? new Date(value).toISOString()
            : kind === 'flag'
              ? value === 1
              : value;
    }
    if ((mask & SOURCE_BIT) !== 0) data['source'] = this.text();
    derive(base, data);
  }

  private byte(): number {
    const value = this.bytes[this.at++];
    if (value === undefined) throw new RangeError('Compact frame is cut short');
    return value;
  }

  private varint(): number {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
  }

  private signed(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  private time(): number {
    let value = 0;
    for (let i = 0; i < 6; i++) value = value * 256 + this.byte();
    return value;
  }

  private text(): string {
    const end = this.byte() + this.at;
    if (end > this.bytes.length) throw new RangeError('Compact frame is cut short');
    const value = text.decode(this.bytes.subarray(this.at, end));
    this.at = end;
    return value;
  }
}

/** Change and change in percent never travel: they follow from price and previous close, rounded half up. */
function derive({ values, scale }: Base, data: Values): void {
  const moved = 'price' in data || 'previousClose' in data;
  if (!moved) return;
  const close = values[PREVIOUS_CLOSE]! / scale;
  // plus zero, because a small fall rounds to minus zero
  const change = Math.round((values[PRICE]! / scale - close) * scale) / scale + 0;
  const percent = close > 0 ? Math.round((change / close) * 10_000) / 100 + 0 : NaN;
  put(data, values, 11, change);
  put(data, values, 12, percent);
}

function put(data: Values, values: Float64Array, slot: number, value: number): void {
  const before = values[slot]!;
  values[slot] = value;
  const name = FIELDS[slot]![0];
  if (!Number.isNaN(value)) {
    if (value !== before) data[name] = value;
  } else if (!Number.isNaN(before)) data[name] = null;
}
