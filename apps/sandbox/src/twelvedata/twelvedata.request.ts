/** How a client of the stream names a symbol. */
export interface WantedSymbol {
  readonly symbol: string;
  readonly exchange?: string;
}

/** What a client of the stream may ask. */
export type StreamRequest =
  | { readonly action: 'reset' | 'heartbeat' }
  | { readonly action: 'subscribe' | 'unsubscribe'; readonly symbols: readonly WantedSymbol[] };

const EXCHANGE_OF_MIC: ReadonlyMap<unknown, string> = new Map([
  ['XNGS', 'NASDAQ'],
  ['XNAS', 'NASDAQ'],
  ['XNYS', 'NYSE'],
  ['XNSE', 'NSE'],
  ['XBOM', 'BSE'],
]);

/** Reads a client's message: symbols are one text with commas, or a list of objects. Undefined when it is none the vendor knows. */
export function readRequest(text: string): StreamRequest | undefined {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { action, params } = (message ?? {}) as { action?: unknown; params?: { symbols?: unknown } | null };
  if (action === 'reset' || action === 'heartbeat') return { action };
  if (action !== 'subscribe' && action !== 'unsubscribe') return undefined;
  const symbols = wantedSymbols(params?.symbols);
  return symbols === undefined ? undefined : { action, symbols };
}

function wantedSymbols(symbols: unknown): WantedSymbol[] | undefined {
  if (typeof symbols === 'string') return symbols.split(',').map((symbol) => ({ symbol: symbol.trim() }));
  if (!Array.isArray(symbols)) return undefined;
  const items = (symbols as unknown[]).map((item) => {
    const { symbol, exchange, mic_code: mic } = (item ?? {}) as Record<string, unknown>;
    if (typeof symbol !== 'string') return undefined;
    const where = typeof exchange === 'string' ? exchange : EXCHANGE_OF_MIC.get(mic);
    return where === undefined ? { symbol } : { symbol, exchange: where };
  });
  return items.every((item) => item !== undefined) ? items : undefined;
}
