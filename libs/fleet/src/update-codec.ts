import {
  ALL_FIELDS_MASK,
  type Delta,
  type EpochMs,
  type InstrumentId,
  QUOTE_FIELD_COUNT,
  QUOTE_FIELDS,
  type QuoteValues,
  unknownValues,
  type VendorId,
} from '#domain';
import type { QuoteStatus } from '#protocol';
import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';

/** First byte of a message: what it is, and in which version. */
export const UPDATES = 1;
export const TICKS = 2;
/** A sign of life that names, one number each, the shards of which nothing can be published now. */
export const FAILING = 3;

/** Who says it and when: what every message begins with. A message of `UPDATES` that holds nothing else is a sign of life. */
export interface Stamp {
  readonly kind: number;
  readonly term: number;
  readonly epoch: string;
  readonly publishedAt: EpochMs;
}

/** What the owner published of one instrument, whole. */
export interface UpdateRecord {
  id: InstrumentId;
  sequence: number;
  /** Bit mask of the fields that differ from the sequence before. */
  changed: number;
  source: VendorId;
  confirmedAt: EpochMs;
  halted: boolean;
  status: QuoteStatus;
  /** NaN where not known. */
  readonly values: QuoteValues;
}

/** A quote that is written into a record. */
export type Recorded = Pick<Delta, 'instrument' | 'sequence' | 'changed' | 'source' | 'values'> &
  Pick<UpdateRecord, 'confirmedAt' | 'halted'>;

const STATUSES: readonly QuoteStatus[] = ['live', 'delayed', 'stale', 'halted', 'closed'];
const MAX_DECIMALS = 12;
const MAX_SCALED = 2 ** 52;
const PERCENT_SCALE = 100;

const isPrice = QUOTE_FIELDS.map(({ kind }) => kind === 'price');
const isPercent = QUOTE_FIELDS.map(({ kind }) => kind === 'percent');

export function stampOf(kind: number, term: number, epoch: string, publishedAt: EpochMs): Buffer {
  const bytes = new ByteWriter();
  bytes.byte(kind);
  bytes.varint(term);
  bytes.text(epoch);
  bytes.varint(publishedAt);
  return bytes.copy();
}

/** @throws RangeError if the bytes are no stamp of a version we know */
export function readStamp(bytes: ByteReader): Stamp {
  const kind = bytes.byte();
  if (kind !== UPDATES && kind !== TICKS && kind !== FAILING) throw new RangeError(`Unknown kind of message: ${kind}`);
  return { kind, term: bytes.varint(), epoch: bytes.text(), publishedAt: bytes.varint() };
}

/** Appends one record, its length first, so that whoever does not want it passes over it. */
export function writeRecord(bytes: ByteWriter, quote: Recorded, status: QuoteStatus): void {
  const { id, decimals } = quote.instrument;
  const opened = bytes.openLength();
  bytes.text(id);
  bytes.varint(quote.sequence);
  bytes.varint(quote.changed);
  bytes.text(quote.source);
  bytes.varint(quote.confirmedAt);
  bytes.byte((quote.halted ? 1 : 0) | (STATUSES.indexOf(status) << 1));
  bytes.byte(decimals);
  writeValues(bytes, quote.values, 10 ** decimals);
  bytes.closeLength(opened);
}

function writeValues(bytes: ByteWriter, values: QuoteValues, priceScale: number): void {
  let known = 0;
  let unscaled = 0;
  for (let slot = 0; slot < QUOTE_FIELD_COUNT; slot++) {
    const value = values[slot] as number;
    if (value !== value) continue;
    known |= 1 << slot;
    if (scaled(value, scaleOf(slot, priceScale)) === undefined) unscaled |= 1 << slot;
  }
  bytes.varint(known);
  bytes.varint(unscaled);
  for (let slot = 0; slot < QUOTE_FIELD_COUNT; slot++) {
    if ((known & (1 << slot)) === 0) continue;
    const value = values[slot] as number;
    if ((unscaled & (1 << slot)) === 0) bytes.signed(Math.round(value * scaleOf(slot, priceScale)));
    else bytes.float(value);
  }
}

/** The value as an integer of the scale; undefined where that would not be exact. */
function scaled(value: number, scale: number): number | undefined {
  const integer = Math.round(value * scale);
  // minus zero has no integer
  const isExact = integer / scale === value && !Object.is(integer, -0);
  return Math.abs(integer) < MAX_SCALED && isExact ? integer : undefined;
}

function scaleOf(slot: number, priceScale: number): number {
  if (isPrice[slot] === true) return priceScale;
  return isPercent[slot] === true ? PERCENT_SCALE : 1;
}

/** Reads records one after the other into the same object, those that nobody wants without looking at more than their id. */
export class RecordReader {
  readonly record: UpdateRecord = {
    id: '',
    sequence: 0,
    changed: 0,
    source: '',
    confirmedAt: 0,
    halted: false,
    status: 'live',
    values: unknownValues(),
  };

  /**
   * Calls `take` for each wanted record; it is valid until `take` returns.
   * @throws RangeError at the first record that cannot be read; those before it have been taken
   */
  read(bytes: ByteReader, isWanted: (id: InstrumentId) => boolean, take: (record: UpdateRecord) => void): void {
    while (!bytes.isAtEnd) {
      const length = bytes.uint16();
      const end = bytes.position + length;
      const id = bytes.text();
      if (isWanted(id)) {
        this.record.id = id;
        this.readRest(bytes);
        if (bytes.position !== end) throw new RangeError('A record is not as long as it says');
        take(this.record);
      }
      bytes.moveTo(end);
    }
  }

  private readRest(bytes: ByteReader): void {
    const { record } = this;
    record.sequence = bytes.varint();
    record.changed = bytes.varint();
    record.source = bytes.text();
    record.confirmedAt = bytes.varint();
    const flags = bytes.byte();
    const status = STATUSES[flags >> 1];
    const decimals = bytes.byte();
    if (record.sequence === 0 || record.changed > ALL_FIELDS_MASK || status === undefined || decimals > MAX_DECIMALS)
      throw new RangeError('A record says what cannot be');
    record.halted = (flags & 1) === 1;
    record.status = status;
    this.readValues(bytes, 10 ** decimals);
  }

  private readValues(bytes: ByteReader, priceScale: number): void {
    const { values } = this.record;
    const known = bytes.varint();
    const unscaled = bytes.varint();
    for (let slot = 0; slot < QUOTE_FIELD_COUNT; slot++) {
      const bit = 1 << slot;
      if ((known & bit) === 0) values[slot] = NaN;
      else if ((unscaled & bit) !== 0) values[slot] = bytes.float();
      else values[slot] = bytes.signed() / scaleOf(slot, priceScale);
    }
  }
}
