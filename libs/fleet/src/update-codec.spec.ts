import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ALL_FIELDS_MASK, F, QUOTE_FIELD_COUNT } from '#domain';
import type { QuoteStatus } from '#protocol';
import { anInstrument } from '../../../test/support/instruments.js';
import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import {
  readStamp,
  RecordReader,
  type Recorded,
  stampOf,
  type UpdateRecord,
  UPDATES,
  writeRecord,
} from './update-codec.js';

const value = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: -1_000_000, max: 1_000_000_000 }).map((n) => n / 100) },
  fc.double(),
  fc.constantFrom(NaN, -0, 0, Infinity, -Infinity, 1e300, 5e-324, 2 ** 52, 2 ** 53, 0.1 + 0.2, 1_700_000_000_123),
);
const record = fc.record({
  instrument: fc.record({
    id: fc.constantFrom('NSE:A1', 'BSE:500325', 'US:BRK.B'),
    decimals: fc.integer({ min: 0, max: 6 }),
  }),
  sequence: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  changed: fc.integer({ min: 0, max: ALL_FIELDS_MASK }),
  source: fc.string({ maxLength: 20 }),
  confirmedAt: fc.integer({ min: 0, max: 8.64e15 }),
  halted: fc.boolean(),
  status: fc.constantFrom<QuoteStatus[]>('live', 'delayed', 'stale', 'halted', 'closed'),
  values: fc.array(value, { minLength: QUOTE_FIELD_COUNT, maxLength: QUOTE_FIELD_COUNT }),
});
type Given = Readonly<Parameters<Parameters<typeof record.map>[0]>[0]>;

const quoteOf = ({ instrument, values, ...rest }: Given): Recorded => ({
  ...rest,
  instrument: anInstrument(instrument),
  values: Float64Array.from(values),
});

function written(records: readonly Given[]): Buffer {
  const bytes = new ByteWriter();
  for (const one of records) writeRecord(bytes, quoteOf(one), one.status);
  return bytes.copy();
}

function read(bytes: Buffer, isWanted: (id: string) => boolean = () => true): UpdateRecord[] {
  const found: UpdateRecord[] = [];
  new RecordReader().read(new ByteReader(bytes), isWanted, (one) => found.push({ ...one, values: one.values.slice() }));
  return found;
}

const expected = ({ instrument, values, ...rest }: Given): UpdateRecord => ({
  ...rest,
  id: instrument.id,
  values: Float64Array.from(values),
});

it('reads every record as it was written, to the last bit of each value', () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 20 }), (records) => {
      const found = read(written(records));
      expect(found).toEqual(records.map(expected));
      for (const [i, { values }] of found.entries())
        for (let slot = 0; slot < QUOTE_FIELD_COUNT; slot++)
          expect(Object.is(values[slot], records[i]?.values[slot])).toBe(true);
    }),
  );
});

it('passes over the records nobody wants', () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 20 }), (records) => {
      const isWanted = (id: string): boolean => id === 'NSE:A1';
      expect(read(written(records), isWanted)).toEqual(
        records.filter(({ instrument }) => isWanted(instrument.id)).map(expected),
      );
    }),
  );
});

it('reads the stamp, and refuses one of a version to come', () => {
  const bytes = stampOf(UPDATES, 197_000_123, 'k3f9a-3ab', 1_700_000_000_000);
  const stamp = { kind: UPDATES, term: 197_000_123, epoch: 'k3f9a-3ab', publishedAt: 1_700_000_000_000 };
  expect(readStamp(new ByteReader(bytes))).toEqual(stamp);
  bytes[0] = 7;
  expect(() => readStamp(new ByteReader(bytes))).toThrow(RangeError);
});

it('answers bytes that were cut, changed or made up with a RangeError and nothing else', () => {
  const whole = fc.array(record, { minLength: 1, maxLength: 5 }).map(written);
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc.tuple(whole, fc.nat()).map(([bytes, at]) => bytes.subarray(0, at % bytes.length)),
    fc.tuple(whole, fc.nat(), fc.nat(255)).map(([bytes, at, byte]) => {
      bytes[at % bytes.length] = byte;
      return bytes;
    }),
  );
  fc.assert(
    fc.property(hostile, (bytes) => {
      try {
        read(bytes);
        readStamp(new ByteReader(bytes));
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }),
    { numRuns: 2000 },
  );
});

it('writes a typical quote in at most 70 bytes', () => {
  const values = new Float64Array(QUOTE_FIELD_COUNT).fill(NaN);
  values.set([2931.5, 1_204_000, 2931.45, 2931.55, 120, 310, 1_700_000_000_123, 25, 2930.11, 2950, 2899]);
  values[F.stale] = 0;
  const bytes = new ByteWriter();
  const instrument = anInstrument({ id: 'NSE:RELIANCE' });
  const quote = {
    instrument,
    sequence: 12_345,
    changed: 1,
    source: 'fyers',
    confirmedAt: 1_700_000_000_200,
    halted: false,
    values,
  };
  writeRecord(bytes, quote, 'live');
  expect(bytes.length).toBeLessThanOrEqual(70);
});
