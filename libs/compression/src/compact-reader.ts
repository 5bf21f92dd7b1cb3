import {
  changeOf,
  changePercentOf,
  F,
  QUOTE_FIELD_COUNT,
  QUOTE_FIELDS,
  type QuoteValues,
  SOURCE_BIT,
  unknownValues,
} from '#domain';
import { CLEARED_BIT, CompactKind, wireScale } from './compact-layout.js';

/** What a reader of the compact form knows of one instrument. */
export interface CompactQuote {
  readonly symbol: string;
  readonly companyName: string;
  readonly epoch: string;
  readonly decimals: number;
  sequence: number;
  source: string;
  readonly values: QuoteValues;
}

/** Called for each quote a frame moved, with the server's send time. */
export type CompactListener = (quote: CompactQuote, kind: 'snapshot' | 'update', sentAt: number) => void;

/** Reads compact frames into quotes. It needs nothing but the frames, in order. */
export class CompactReader {
  private readonly quotes = new Map<number, CompactQuote>();
  private bytes: Uint8Array = new Uint8Array(0);
  private at = 0;

  constructor(private readonly listener: CompactListener) {}

  /**
   * @returns how many updates the frame held; a snapshot counts none
   * @throws RangeError if the frame is cut short, of an unknown kind, or an update is not the next of its instrument
   */
  read(frame: Uint8Array): number {
    this.bytes = frame;
    this.at = 0;
    const kind = this.byte();
    if (kind === CompactKind.snapshot) {
      this.readSnapshot();
      return 0;
    }
    if (kind !== CompactKind.batch) throw new RangeError(`Unknown compact frame kind ${kind}`);
    const count = this.varint();
    const sentAt = this.time();
    for (let i = 0; i < count; i++) this.readUpdate(sentAt);
    return count;
  }

  private readSnapshot(): void {
    const wireId = this.varint();
    const sequence = this.varint();
    const decimals = this.byte();
    const epoch = this.text();
    const symbol = this.text();
    const companyName = this.text();
    const sentAt = this.time();
    const quote: CompactQuote = { symbol, companyName, epoch, decimals, sequence, source: '', values: unknownValues() };
    this.readValues(quote, this.varint(), sentAt);
    this.quotes.set(wireId, quote);
    this.listener(quote, 'snapshot', sentAt);
  }

  private readUpdate(sentAt: number): void {
    const wireId = this.varint();
    const quote = this.quotes.get(wireId);
    if (quote === undefined) throw new RangeError(`Update for instrument ${wireId} before its snapshot`);
    const low = this.byte();
    if (low !== ((quote.sequence + 1) & 0xff))
      throw new RangeError(`Gap in ${quote.symbol} after sequence ${quote.sequence}`);
    quote.sequence++;
    const mask = this.varint();
    this.readValues(quote, mask & ~CLEARED_BIT, sentAt);
    if ((mask & CLEARED_BIT) !== 0) {
      const cleared = this.varint();
      for (let slot = 0; slot < QUOTE_FIELD_COUNT; slot++) if ((cleared & (1 << slot)) !== 0) quote.values[slot] = NaN;
    }
    this.derive(quote);
    this.listener(quote, 'update', sentAt);
  }

  private readValues(quote: CompactQuote, mask: number, sentAt: number): void {
    const { values } = quote;
    const scale = wireScale(quote.decimals);
    for (let slot = 0; slot < QUOTE_FIELD_COUNT; slot++) {
      if ((mask & (1 << slot)) === 0) continue;
      const before = Number.isNaN(values[slot]) ? 0 : (values[slot] as number);
      switch (QUOTE_FIELDS[slot]?.kind) {
        case 'price':
          values[slot] = (Math.round(before * scale) + this.signed()) / scale;
          break;
        case 'time':
          values[slot] = sentAt + this.signed();
          break;
        case 'flag':
          values[slot] = this.byte();
          break;
        default:
          values[slot] = before + this.signed();
      }
    }
    if ((mask & SOURCE_BIT) !== 0) quote.source = this.text();
    this.derive(quote);
  }

  private derive(quote: CompactQuote): void {
    const { values, decimals } = quote;
    const previousClose = values[F.previousClose] as number;
    const change = changeOf(values[F.price] as number, previousClose, wireScale(decimals));
    values[F.change] = change;
    values[F.changePercent] = changePercentOf(change, previousClose);
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
    const length = this.byte();
    if (this.at + length > this.bytes.length) throw new RangeError('Compact frame is cut short');
    const text = new TextDecoder().decode(this.bytes.subarray(this.at, this.at + length));
    this.at += length;
    return text;
  }
}
