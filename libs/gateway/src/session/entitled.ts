import type { Entitlements, Tier } from '#auth';
import { MarketDataError } from '#domain';
import type { RejectedSymbol } from '#protocol';

/** Parts symbols into those somebody may see and those they may not, whether such a symbol exists or not. */
export function screen(
  symbols: readonly string[],
  entitlements: Entitlements,
): { permitted: readonly string[]; forbidden: readonly RejectedSymbol[] } {
  if (entitlements.all) return { permitted: symbols, forbidden: [] };
  const permitted = symbols.filter((symbol) => entitlements.allows(symbol));
  const forbidden = [...new Set(symbols)]
    .filter((symbol) => !entitlements.allows(symbol))
    .map((symbol) => ({ symbol, code: 'FORBIDDEN_SYMBOL' as const, message: forbiddenSymbol(symbol).message }));
  return { permitted, forbidden };
}

/** What a tier's client is told about a symbol it may not see. */
export function forbiddenSymbol(symbol: string): MarketDataError & { symbol: string } {
  const text = `Your tier does not include ${JSON.stringify(symbol.slice(0, 64))}`;
  return Object.assign(new MarketDataError('FORBIDDEN_SYMBOL', text, false), { symbol });
}

/** @throws MarketDataError `FORBIDDEN_SYMBOL` if the tier does not include the symbol, whether it exists or not */
export function requireEntitled(symbol: string, { entitlements }: Tier): void {
  if (!entitlements.allows(symbol)) throw forbiddenSymbol(symbol);
}

/** The frequency a client gets, Hz: what it asked for, unless its tier allows less. */
export function cappedFrequency(asked: number | undefined, { maxFrequency }: Tier): number | undefined {
  if (maxFrequency === undefined) return asked;
  return Math.min(asked ?? Infinity, maxFrequency);
}
