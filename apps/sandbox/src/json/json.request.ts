/** What a client may ask. */
export interface JsonRequest {
  readonly op: 'subscribe' | 'unsubscribe';
  readonly symbols: readonly string[];
}

/** Reads a client's message; undefined when it is none the vendor knows. */
export function parseJsonRequest(text: string): JsonRequest | undefined {
  try {
    const { op, symbols } = JSON.parse(text) as { op?: unknown; symbols?: unknown };
    if ((op !== 'subscribe' && op !== 'unsubscribe') || !isStrings(symbols)) return undefined;
    return { op, symbols };
  } catch {
    return undefined;
  }
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
