import { VendorFrameError } from '#domain';
import { objectOf } from '../decimals.js';

/** What the stream says when it will not do what was asked. */
export interface Refusal {
  /** Of the request, where the vendor tells it. */
  readonly guid: unknown;
  readonly isSubscription: boolean;
  readonly reason: string;
  readonly text: string;
}

const REASON_CHARS = 200;

/**
 * Reads a text frame: answers are binary, so a text is a refusal.
 * Shape  `{"status":"failed","method":"sub","error":"..."}`, perhaps with the `guid` of the request
 * @throws VendorFrameError if it is something else
 * @see community readers of the feed; unverified: the exact fields, and whether the guid comes back
 */
export function readRefusal(text: string): Refusal {
  const { guid, status, method, error }: Readonly<Record<string, unknown>> = objectOf(parse(text)) ?? {};
  if (typeof status !== 'string' || !/^(failed|failure|error)$/i.test(status))
    throw new VendorFrameError('upstox', 'a text that is no refusal', text);
  const words = typeof error === 'string' ? error : (JSON.stringify(error) ?? 'no reason given');
  return {
    guid,
    isSubscription: method === undefined || method === 'sub',
    reason: `the vendor refused a request: ${words.slice(0, REASON_CHARS)}`,
    text,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new VendorFrameError('upstox', (error as Error).message, text);
  }
}
