import type { InstrumentId } from '#domain';

/** The names under which Redis keeps what the caches share; `prefix` begins them all. */
export class CacheKeys {
  constructor(private readonly prefix: string) {}

  quote(id: InstrumentId): string {
    return `${this.prefix}stock:quote:${id}`;
  }

  /** Kept apart from the quote, so that a vendor's failure does not take the last good value away. */
  failure(id: InstrumentId): string {
    return `${this.prefix}stock:failure:${id}`;
  }

  isQuote(key: string): boolean {
    return key.startsWith(this.quote(''));
  }

  /** Outcome of one vendor call for several symbols. */
  batch(id: string): string {
    return `${this.prefix}stock:batch:${id}`;
  }

  /** @param day `2026-11-21` */
  performance(day: string): string {
    return `${this.prefix}metrics:performance:${day}`;
  }

  /** The instrument a quote's or failure's key is about. */
  instrumentOf(key: string): InstrumentId {
    const rest = key.slice(this.prefix.length + 'stock:'.length);
    return rest.slice(rest.indexOf(':') + 1);
  }

  /** Globs that match the keys of all quotes and failures of ours, and no others. */
  patterns(): string[] {
    const escaped = this.prefix.replaceAll(/[*?[\]\\^]/g, String.raw`\$&`);
    return [`${escaped}stock:quote:*`, `${escaped}stock:failure:*`];
  }
}
