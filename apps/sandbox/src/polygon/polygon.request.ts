/** What a client may say. */
export type PolygonRequest =
  | { readonly action: 'auth'; readonly key: string }
  | { readonly action: 'subscribe' | 'unsubscribe'; readonly topics: readonly string[] };

/** Reads a client's message; undefined when it is none the vendor knows. */
export function parsePolygonRequest(text: string): PolygonRequest | undefined {
  try {
    const { action, params } = JSON.parse(text) as { action?: unknown; params?: unknown };
    if (typeof params !== 'string') return undefined;
    if (action === 'auth') return { action, key: params };
    if (action !== 'subscribe' && action !== 'unsubscribe') return undefined;
    const topics = params.split(',').map((topic) => topic.trim());
    return { action, topics: topics.filter((topic) => topic !== '') };
  } catch {
    return undefined;
  }
}

/** A channel, and one ticker or `*` for all: tickers hold dots of their own, so only the first one divides. */
export function parseTopic(topic: string): { readonly channel: string; readonly ticker: string } | undefined {
  const parts = /^(T|Q|A|AM)\.(\*|[A-Z0-9][A-Z0-9.]*)$/.exec(topic);
  return parts === null ? undefined : { channel: parts[1] ?? '', ticker: parts[2] ?? '' };
}
