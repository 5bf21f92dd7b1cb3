import type { Delta } from '#domain';

export type Format = 'json' | 'msgpack' | 'compact';
export type Compression = 'none' | 'delta';
/** How messages are wrapped for a door: a Socket.IO event, or an object with a `type`. */
export type Framing = 'socket.io' | 'websocket';

export interface EncodingOptions {
  readonly framing: Framing;
  readonly format: Format;
  readonly compression: Compression;
  /** Whether updates of one window travel together in one message. */
  readonly batch: boolean;
  /** Fields the client wants, as bits over `QUOTE_FIELDS`. */
  readonly mask: number;
}

/**
 * One way to write updates. Clients with equal options share the instance, so each update is encoded once per instance and window.
 * All results are latin1 strings, one character a byte.
 */
export interface Encoding {
  readonly options: EncodingOptions;
  /**
   * One update: a complete frame, or an item of `batch` led by `separator`. Empty when nothing this encoding carries has changed.
   * @param previousSequence what this encoding last wrote for the instrument, so that an update after skipped ones can say so
   * @param now server send time
   */
  update(delta: Delta, previousSequence: number, now: number): string;
  /** The whole quote at its position, as complete frames. */
  snapshot(quote: Delta, now: number): string;
  /** Complete frames of the items of one window. `items` is their concatenation without the first separator. */
  batch(items: string, count: number, now: number): string;
  /** What stands between two items of a batch. */
  readonly separator: string;
}

/** Anything but quotes: answers, errors, status. One complete frame or frames. */
export interface MessageEncoder {
  /** @param type the event name on Socket.IO, the `type` property on the plain WebSocket */
  message(type: string, payload: object): string;
}
