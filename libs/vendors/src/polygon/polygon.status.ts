import type { InstrumentId } from '#domain';
import type { FrameSignal } from '../transports/ws-feed.js';
import type { Channel } from './polygon.channels.js';
import { eventsOf, isStatus } from './polygon.parse.js';

/** A connection over the account's limit evicts another, or is evicted; the vendor's own clients wait about a minute. */
export const CROWDED_PAUSE_MS = 60_000;

const TOPIC = /\b(T|Q|AM|A)\.([A-Z0-9][A-Z0-9.]*)/g;
const POLICY_VIOLATION = 1008;

/**
 * What the status messages of a frame say about the connection.
 * Shape  `[{"ev":"status","status":"auth_success","message":"authenticated"}]`; an error names its topic, if at all, within the message
 * Unverified: the wording for topics an account may not have. Where the topic of the leading channel can be read from it, the instrument
 *   counts as refused; otherwise the message is only reported.
 */
export function polygonSignal(
  data: Buffer,
  leading: Channel,
  instrumentOf: (ticker: string) => InstrumentId | undefined,
): FrameSignal | undefined {
  // frames of trades that are no news of the price come this way too, by the thousand
  if (!data.includes('"status"')) return undefined;
  const refused: InstrumentId[] = [];
  let error: string | undefined;
  for (const event of eventsOf(data)) {
    if (!isStatus(event)) continue;
    const message = String(event['message'] ?? '').trim();
    switch (event['status']) {
      case 'auth_success':
        return { kind: 'ready' };
      case 'auth_failed':
        return { kind: 'fatal', reason: `the key is refused: ${message}` };
      case 'max_connections':
        return { kind: 'cooldown', ms: CROWDED_PAUSE_MS, reason: `too many connections of this account: ${message}` };
      case 'auth_timeout':
        return { kind: 'error', reason: `the key came too late: ${message}` };
      case 'error': {
        error = message.slice(0, 200);
        for (const [, channel, ticker = ''] of message.matchAll(TOPIC)) {
          const instrument = channel === leading ? instrumentOf(ticker.replace(/\.+$/, '')) : undefined;
          if (instrument !== undefined) refused.push(instrument);
        }
      }
    }
  }
  if (refused.length > 0) return { kind: 'refused', instruments: refused, reason: error ?? '' };
  return error === undefined ? undefined : { kind: 'error', reason: error };
}

/**
 * What the end of a connection means. The vendor buffers for a reader that is too slow and kills it, without a word, when the buffer is full.
 * Unverified: with which code; 1006 (no goodbye) and 1008 are reported.
 */
export function polygonClose(code: number): { readonly reason: string; readonly pauseMs?: number } | undefined {
  if (code === 1006) return { reason: 'cut off (1006): the network, or we read too slowly for the vendor' };
  if (code !== POLICY_VIOLATION) return undefined;
  return {
    reason: 'closed with 1008: too many connections of this account, or we read too slowly for the vendor',
    pauseMs: CROWDED_PAUSE_MS,
  };
}
