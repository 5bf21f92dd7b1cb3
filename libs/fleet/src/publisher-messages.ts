import { InvalidMessageError, MarketDataError, type Tick, tick } from '#domain';
import { MAX_UPDATES_PER_MESSAGE, parseMessage, PublishedUpdate, plainUpdate } from '#protocol';

/** Who brings what is published; the publisher's own name is beside it, because one vendor owns an instrument at a time. */
export const PUBLISHERS = 'redis';

/** Reads JSON of an outside program. @throws MarketDataError `MESSAGE_TOO_LARGE` or `INVALID_MESSAGE` */
export function readJson(text: string, maxChars: number): unknown {
  if (text.length > maxChars) throw new MarketDataError('MESSAGE_TOO_LARGE', `At most ${maxChars} characters`, false);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new InvalidMessageError('the message is not JSON');
  }
}

/**
 * The updates of one message: one object, or a list of them. Each has still to be read.
 * @throws MarketDataError if the message as a whole is refused
 */
export function updatesOf(text: string, maxChars: number): readonly unknown[] {
  const given = readJson(text, maxChars);
  if (!Array.isArray(given)) return [given];
  if (given.length > MAX_UPDATES_PER_MESSAGE)
    throw new MarketDataError('MESSAGE_TOO_LARGE', `At most ${MAX_UPDATES_PER_MESSAGE} updates a message`, false);
  return given;
}

/** @throws InvalidMessageError naming what is wrong */
export function readUpdate(given: unknown): PublishedUpdate {
  return plainUpdate(given) ?? parseMessage(PublishedUpdate, given);
}

export function tickOf(update: PublishedUpdate, receivedAt: number): Tick {
  const { symbol, timestamp, source: _source, id: _id, ...values } = update;
  return tick({ ...values, instrument: symbol, vendor: PUBLISHERS, receivedAt, eventTime: timestamp });
}
