import type { Instrument } from '#domain';

/** How Twelve Data names an instrument; without an exchange where its own symbol says it all, such as `EUR/USD`. */
export interface TwelveDataSymbol {
  readonly symbol: string;
  readonly exchange?: string;
}

const EXCHANGE_OF_MIC: ReadonlyMap<unknown, string> = new Map([
  ['XNAS', 'NASDAQ'],
  ['XNGS', 'NASDAQ'],
  ['XNMS', 'NASDAQ'],
  ['XNCM', 'NASDAQ'],
  ['XNYS', 'NYSE'],
  ['XNSE', 'NSE'],
  ['XBOM', 'BSE'],
]);
const EXCHANGES = new Set(EXCHANGE_OF_MIC.values());

/** Reads `SBIN:NSE`, or `EUR/USD`. */
export function readSymbol(text: string): TwelveDataSymbol {
  const [symbol = '', exchange] = text.split(':');
  return exchange === undefined ? { symbol } : { symbol, exchange };
}

/** `SBIN:NSE`: how a call names a symbol, and the answer names its part. */
export function symbolText({ symbol, exchange }: TwelveDataSymbol): string {
  return exchange === undefined ? symbol : `${symbol}:${exchange}`;
}

/** Which instruments the vendor's symbols stand for, of all that have been asked of its stream. */
export class SymbolBook {
  private readonly bySymbol = new Map<string, Map<string, Instrument>>();
  /** Asked for, and neither granted nor refused yet. */
  private readonly awaited = new Set<Instrument>();

  asked(instrument: Instrument, { symbol, exchange = '' }: TwelveDataSymbol): void {
    const listings = this.bySymbol.get(symbol) ?? new Map<string, Instrument>();
    this.bySymbol.set(symbol, listings.set(exchange, instrument));
    this.awaited.add(instrument);
  }

  /**
   * Instruments a frame may mean by `symbol`, `exchange` and `mic_code`: several when it does not say on which exchange, none when
   * nobody has asked for it.
   */
  find(item: Readonly<Record<string, unknown>>): readonly Instrument[] {
    const { symbol } = item;
    const listings = typeof symbol === 'string' ? this.bySymbol.get(symbol) : undefined;
    if (listings === undefined) return [];
    const exchange = exchangeOf(item);
    const exact = listings.get(exchange);
    if (exact !== undefined) return [exact];
    // one that is known and not asked for is another listing; a name nobody knows may be anything
    return EXCHANGES.has(exchange) && !listings.has('') ? [] : [...listings.values()];
  }

  /** The vendor has granted what an item of its acknowledgement names. */
  granted(item: Readonly<Record<string, unknown>>): void {
    for (const instrument of this.find(item)) this.awaited.delete(instrument);
  }

  /** Instruments that a refused item names; where it names no exchange, those that wait for an answer. */
  refused(item: Readonly<Record<string, unknown>>): readonly Instrument[] {
    const found = this.find(item);
    const awaited = found.filter((instrument) => this.awaited.has(instrument));
    const refused = found.length > 1 && awaited.length > 0 ? awaited : found;
    for (const instrument of refused) this.awaited.delete(instrument);
    return refused;
  }
}

function exchangeOf({ exchange, mic_code: mic }: Readonly<Record<string, unknown>>): string {
  if (typeof exchange === 'string' && exchange !== '') return exchange.toUpperCase();
  return EXCHANGE_OF_MIC.get(mic) ?? '';
}
