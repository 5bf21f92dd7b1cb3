import type { InstrumentId } from '#domain';

/** `*`, `NSE:*`, `NSE:TATA*` or one symbol: a star stands at the end only, so that a pattern is a comparison of beginnings. */
export const SYMBOL_PATTERN = /^(?:\*|[A-Z][A-Z0-9]{1,9}:(?:\*|[A-Z0-9][A-Z0-9&._-]{0,31}\*?))$/;

/** Which symbols somebody may see. */
export class Entitlements {
  private readonly symbols = new Set<string>();
  private readonly beginnings: string[] = [];
  /** True when there is no symbol it does not allow. */
  readonly all: boolean;

  /** @param patterns each as `SYMBOL_PATTERN` wants it; none of them allows nothing */
  constructor(readonly patterns: readonly string[]) {
    this.all = patterns.includes('*');
    for (const pattern of patterns) {
      if (pattern.endsWith('*')) this.beginnings.push(pattern.slice(0, -1));
      else this.symbols.add(pattern);
    }
  }

  allows(symbol: InstrumentId): boolean {
    return this.all || this.symbols.has(symbol) || this.beginnings.some((beginning) => symbol.startsWith(beginning));
  }
}
