import { type Delta, type Epoch, QUOTE_FIELD_COUNT, QUOTE_FIELDS, type QuoteValues, SOURCE_BIT } from '#domain';
import { CompactKind, CLEARED_BIT, DERIVED_MASK, wireScale } from './compact-layout.js';
import type { Encoding, EncodingOptions } from './encoding.js';
import { wsFrame } from './ws-frame.js';

/** Longest update: 20 fields of at most 9 bytes, and a source of 255. */
const scratch = Buffer.allocUnsafe(4096);
let length = 0;

/**
 * The compact binary form of the plain WebSocket door, documented byte by byte in docs/protocol.md.
 * Values are scaled integers relative to the sequence before: every client of a delta is at that sequence, so one chunk serves them all.
 */
export function compactEncodings(epoch: Epoch): (options: EncodingOptions) => Encoding {
  return (options) => ({
    options,
    separator: '',
    update(delta, _previousSequence, now) {
      length = 0;
      putItem(delta, now);
      const item = scratch.toString('latin1', 0, length);
      return options.batch ? item : wsFrame('binary', batchHead(1, now) + item);
    },
    snapshot(quote, now) {
      length = 0;
      putSnapshot(quote, epoch.name, now);
      return wsFrame('binary', scratch.toString('latin1', 0, length));
    },
    batch: (items, count, now) => wsFrame('binary', batchHead(count, now) + items),
  });
}

function batchHead(count: number, now: number): string {
  length = 0;
  scratch[length++] = CompactKind.batch;
  putVarint(count);
  putTime(now);
  return scratch.toString('latin1', 0, length);
}

function putItem(delta: Delta, now: number): void {
  putVarint(delta.wireId);
  scratch[length++] = delta.sequence & 0xff;
  const cleared = clearedAmong(delta);
  const mask = delta.changed & ~DERIVED_MASK & ~cleared;
  putVarint(cleared === 0 ? mask : mask | CLEARED_BIT);
  putValues(delta, mask, delta.previous, now);
  if (cleared !== 0) putVarint(cleared);
}

function putSnapshot(quote: Delta, epoch: string, now: number): void {
  scratch[length++] = CompactKind.snapshot;
  putVarint(quote.wireId);
  putVarint(quote.sequence);
  scratch[length++] = quote.instrument.decimals;
  putText(epoch);
  putText(quote.instrument.id);
  putText(quote.instrument.name);
  putTime(now);
  let mask = SOURCE_BIT;
  for (let slot = 0; slot < QUOTE_FIELD_COUNT; slot++) {
    if (!Number.isNaN(quote.values[slot] as number)) mask |= 1 << slot;
  }
  mask &= ~DERIVED_MASK;
  putVarint(mask);
  putValues(quote, mask, undefined, now);
}

function putValues(quote: Delta, mask: number, base: QuoteValues | undefined, now: number): void {
  const scale = wireScale(quote.instrument.decimals);
  for (let slot = 0; slot < QUOTE_FIELD_COUNT; slot++) {
    if ((mask & (1 << slot)) === 0) continue;
    const value = quote.values[slot] as number;
    const before = base === undefined ? 0 : (base[slot] as number);
    switch (QUOTE_FIELDS[slot]?.kind) {
      case 'price':
        putSigned(Math.round(value * scale) - (before === before ? Math.round(before * scale) : 0));
        break;
      case 'time':
        putSigned(Math.round(value) - now);
        break;
      case 'flag':
        scratch[length++] = value;
        break;
      default:
        putSigned(Math.round(value) - (before === before ? Math.round(before) : 0));
    }
  }
  if ((mask & SOURCE_BIT) !== 0) putText(quote.source);
}

/** Changed fields that are no longer known. */
function clearedAmong(delta: Delta): number {
  let cleared = 0;
  for (let slot = 0; slot < QUOTE_FIELD_COUNT; slot++) {
    if ((delta.changed & (1 << slot)) !== 0 && Number.isNaN(delta.values[slot] as number)) cleared |= 1 << slot;
  }
  return cleared & ~DERIVED_MASK;
}

/** Unsigned LEB128: seven bits a byte, low bits first; numbers up to 2^53, so the high part is divided, not shifted. */
function putVarint(value: number): void {
  while (value > 0x7fffffff) {
    scratch[length++] = (value % 128) | 0x80;
    value = Math.floor(value / 128);
  }
  while (value > 0x7f) {
    scratch[length++] = (value & 0x7f) | 0x80;
    value >>>= 7;
  }
  scratch[length++] = value;
}

/** Zigzag: 0, -1, 1, -2 become 0, 1, 2, 3. */
function putSigned(value: number): void {
  putVarint(value < 0 ? -2 * value - 1 : 2 * value);
}

function putText(text: string): void {
  // a character that is cut at the end is left out whole, so the length is known only afterwards
  const bytes = scratch.write(text, length + 1, 255, 'utf8');
  scratch[length] = bytes;
  length += 1 + bytes;
}

/** Epoch milliseconds in six bytes, big-endian. */
function putTime(now: number): void {
  scratch.writeUIntBE(now, length, 6);
  length += 6;
}
