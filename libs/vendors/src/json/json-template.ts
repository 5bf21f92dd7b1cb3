import { ConfigError, type Instrument } from '#domain';
import type { SymbolsMessage } from './json-mapping.js';

/** Replaces `${...}` in a text; an unknown or empty value makes the whole undefined. */
export function fill(template: string, values: (name: string) => string | undefined): string | undefined {
  let isComplete = true;
  const text = template.replace(/\$\{([^}]+)\}/g, (_, name: string) => {
    const value = values(name);
    if (value === undefined || value === '') isComplete = false;
    return value ?? '';
  });
  return isComplete ? text : undefined;
}

/** The vendor's name of an instrument; undefined when the instrument lacks what the template needs. */
export function vendorSymbolOf(template: string, instrument: Instrument): string | undefined {
  const { id, exchange, ticker, isin, bseCode } = instrument;
  const values: Readonly<Record<string, string | undefined>> = {
    id,
    exchange,
    ticker,
    isin,
    bseCode,
    code: id.slice(exchange.length + 1),
  };
  return fill(template, (name) => values[name]);
}

/** Messages that name the symbols, at most `maxPerMessage` in each. Symbols go in as JSON values, so none can change the message's shape. */
export function symbolMessages(
  { template, symbol, join, maxPerMessage }: SymbolsMessage,
  vendorSymbols: readonly string[],
): string[] {
  const messages: string[] = [];
  for (let at = 0; at < vendorSymbols.length; at += maxPerMessage) {
    const chunk = vendorSymbols
      .slice(at, at + maxPerMessage)
      .map((vendorSymbol) => fill(symbol, (name) => (name === 'vendorSymbol' ? vendorSymbol : undefined)) ?? '');
    const symbols = join === undefined ? chunk : chunk.join(join);
    messages.push(JSON.stringify(template, (_, value: unknown) => (value === '${symbols}' ? symbols : value)));
  }
  return messages;
}

/**
 * Puts secrets into every text of a JSON value: `${SECRET:key}`.
 * @throws ConfigError naming a secret that is not set
 */
export function withSecrets<T>(value: T, secret: (key: string) => string | undefined): T {
  const text = JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner !== 'string') return inner;
    return inner.replace(/\$\{SECRET:(\w+)\}/g, (_match, key: string) => {
      const found = secret(key);
      if (found === undefined)
        throw new ConfigError([`JSON_SECRET_${key.toUpperCase()}: the mapping needs it, and it is not set`]);
      return found;
    });
  });
  return JSON.parse(text) as T;
}
