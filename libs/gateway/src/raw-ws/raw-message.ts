import type { RawData } from 'ws';
import { InvalidMessageError, MarketDataError } from '#domain';
import type { MessageId } from '#protocol';

/** A client's message before its payload has been looked at. */
export interface RawMessage {
  readonly action: unknown;
  readonly id: MessageId | undefined;
  readonly payload: Record<string, unknown>;
}

/**
 * Reads one frame as `{"action", "id"?, ...payload}`. Its size is looked at before anything else.
 * @throws MarketDataError `MESSAGE_TOO_LARGE`
 * @throws InvalidMessageError if it is not such an object
 */
export function readMessage(data: RawData, isBinary: boolean, maxBytes: number): RawMessage {
  const bytes = data as Buffer;
  if (bytes.length > maxBytes)
    throw new MarketDataError('MESSAGE_TOO_LARGE', `At most ${maxBytes} bytes a message`, false);
  const message = isBinary ? undefined : parseObject(bytes.toString());
  if (message === undefined) throw new InvalidMessageError('a message is one JSON object in a text frame');
  const { action, id, ...payload } = message;
  const known = typeof id === 'string' || typeof id === 'number' ? id : undefined;
  return { action, id: known, payload };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
