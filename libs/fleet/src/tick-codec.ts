import { Packr } from 'msgpackr';
import { BOOK_LEVELS, type Tick, tick } from '#domain';

/** A tick as the owner's pipeline took it, for those who need each one. */
export interface ForwardedTick {
  readonly tick: Tick;
  /** Its count of the day, if that is believed. */
  readonly volume: number | undefined;
  /** Refused for being older than the quote, and good otherwise. */
  readonly isLate: boolean;
}

/** Places in the array that travels; a new one goes to the end, and older nodes do not look at it. */
const NUMBERS = [
  'eventTime',
  'eventTimeStep',
  'price',
  'volume',
  'bid',
  'ask',
  'bidSize',
  'askSize',
  'lastSize',
  'averagePrice',
  'open',
  'high',
  'low',
  'previousClose',
  'openInterest',
  'lowerCircuit',
  'upperCircuit',
] as const;
const BOOK_NUMBERS = BOOK_LEVELS * 6;

const packr = new Packr({ useRecords: false });

export function packTicks(ticks: readonly ForwardedTick[]): Buffer {
  return packr.pack(ticks.map(toArray));
}

/** @throws if the bytes are no ticks */
export function unpackTicks(bytes: Buffer): ForwardedTick[] {
  const rows: unknown = packr.unpack(bytes);
  if (!Array.isArray(rows)) throw new RangeError('Ticks come as an array');
  return rows.map(fromArray);
}

function toArray({ tick: of, volume, isLate }: ForwardedTick): unknown[] {
  // null, because the format has no other word for "nothing was said"
  const numbers = NUMBERS.map((name) => of[name] ?? null);
  return [
    of.instrument,
    of.vendor,
    of.receivedAt,
    isLate,
    volume ?? null,
    of.halted ?? null,
    of.book ?? null,
    ...numbers,
  ];
}

function fromArray(row: unknown): ForwardedTick {
  if (!Array.isArray(row)) throw new RangeError('A tick comes as an array');
  const [instrument, vendor, receivedAt, isLate, volume, halted, book, ...numbers] = row as unknown[];
  if (typeof instrument !== 'string' || typeof vendor !== 'string' || typeof receivedAt !== 'number')
    throw new RangeError('A tick names its instrument, its vendor and its time');
  const fields: Record<string, number | undefined> = {};
  for (const [i, name] of NUMBERS.entries()) fields[name] = numberOf(numbers[i]);
  return {
    tick: tick({
      instrument,
      vendor,
      receivedAt,
      ...fields,
      halted: typeof halted === 'boolean' ? halted : undefined,
      book: bookOf(book),
    }),
    volume: numberOf(volume),
    isLate: isLate === true,
  };
}

function numberOf(value: unknown): number | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value !== 'number') throw new RangeError('A value of a tick is a number');
  return value;
}

function bookOf(value: unknown): readonly number[] | undefined {
  if (value === null || value === undefined) return undefined;
  if (!Array.isArray(value) || value.length !== BOOK_NUMBERS || !value.every((each) => typeof each === 'number'))
    throw new RangeError(`A book is ${BOOK_NUMBERS} numbers`);
  return value as number[];
}
