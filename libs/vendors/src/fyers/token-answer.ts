import { SourceFailedError, VendorFrameError } from '#domain';

/** fyToken by symbol: `10100000003045` of `NSE:SBIN-EQ`. */
export type TokenAnswer = ReadonlyMap<string, string>;

const VENDOR = 'fyers';
const INVALID_SYMBOL = -300;

/**
 * Reads an answer of the symbol-token route.
 * Shape  `{"s":"ok","code":200,"message":"","validSymbol":{"NSE:SBIN-EQ":"10100000003045"},"invalidSymbol":["NSE:XXXX"]}`, or
 *        `{"s":"error","code":-300,"message":"..."}`
 * Emits  the valid symbols; what is not among them is unknown to the vendor. Unverified: the answer when no symbol is valid; the
 *        code -300, invalid symbol, is taken for it. A token may be a number too.
 * @param status of the HTTP answer: an error's body may name symbols all the same
 * @throws SourceFailedError for an error that the vendor names, or a status that is no success
 * @throws VendorFrameError for anything else
 */
export function parseTokenAnswer(body: string, status = 200): TokenAnswer {
  const answer = objectOf(body);
  const { s, code, message, validSymbol, invalidSymbol } = answer ?? {};
  if (isObject(validSymbol)) return tokensIn(validSymbol);
  if (code === INVALID_SYMBOL || (s === 'ok' && Array.isArray(invalidSymbol))) return new Map();
  if (s === 'error' || status !== 200) {
    throw new SourceFailedError(VENDOR, `symbol-token: HTTP ${status} ${shown(code)} ${shown(message)}`.trim());
  }
  throw new VendorFrameError(VENDOR, 'symbol-token: neither symbols nor an error', body);
}

function tokensIn(validSymbol: Record<string, unknown>): TokenAnswer {
  const tokens = new Map<string, string>();
  for (const [symbol, token] of Object.entries(validSymbol)) {
    if (typeof token === 'string' || Number.isSafeInteger(token)) tokens.set(symbol, String(token));
  }
  return tokens;
}

function objectOf(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value).slice(0, 200) : '';
}
