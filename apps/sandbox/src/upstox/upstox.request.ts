import { type Mode, MODES } from './upstox.limits.js';

/** What a client asks; `mode` is undefined for `unsub`. */
export type UpstoxRequest =
  | { readonly method: 'sub' | 'change_mode'; readonly mode: Mode; readonly keys: readonly string[] }
  | { readonly method: 'unsub'; readonly mode: undefined; readonly keys: readonly string[] };

/** Reads a request: JSON in a binary message. @throws Error with what is wrong with it */
export function parseUpstoxRequest(bytes: Buffer): UpstoxRequest {
  const { method, data } = JSON.parse(bytes.toString()) as { method?: unknown; data?: Record<string, unknown> | null };
  const { instrumentKeys: keys, mode = 'ltpc' } = data ?? {};
  if (!Array.isArray(keys) || !keys.every((key) => typeof key === 'string')) throw new Error('invalid instrumentKeys');
  if (method === 'unsub') return { method, mode: undefined, keys };
  if (method !== 'sub' && method !== 'change_mode') throw new Error('invalid method');
  if (!(MODES as readonly unknown[]).includes(mode)) throw new Error('invalid mode');
  return { method, mode: mode as Mode, keys };
}
