import { type EpochMs, type InstrumentId, type Tick, tick, VendorFrameError } from '#domain';
import { countOf, decimalOf, objectOf, priceOf } from '../decimals.js';
import type { FrameSignal } from '../transports/ws-feed.js';
import { messageOf } from './twelvedata.failures.js';
import type { SymbolBook } from './twelvedata.symbols.js';

const VENDOR = 'twelvedata';
const SECOND_MS = 1000;
const COOLDOWN_MS = 60_000;
const SILENT_EVENTS: ReadonlySet<unknown> = new Set([
  'subscribe-status',
  'unsubscribe-status',
  'reset-status',
  'heartbeat',
]);

type Frame = Readonly<Record<string, unknown>>;

/**
 * Turns one stream frame into ticks.
 * Shape  `{"event":"price","symbol":"AAPL","exchange":"NASDAQ","mic_code":"XNGS","timestamp":1760464800,"price":247.6812,"day_volume":18230411}`
 * Units  the instrument's currency, to its decimals; `timestamp` in Unix seconds, so many ticks share one and `eventTimeStep` is a second
 * Emits  one tick per `price` frame; none for acknowledgements, heartbeats, and errors, which `frameSignal` reads
 * @throws VendorFrameError if the frame fits no documented variant, or does not say which of two listings it means
 * @see https://twelvedata.com/docs#websocket (read 2026-11). Unverified: which instruments have `bid`, `ask` and `day_volume`;
 *   `exchange`, `mic_code` and `timestamp` may be missing
 */
export function parseFrame(text: string, book: SymbolBook, receivedAt: EpochMs): Tick[] {
  const frame = frameOf(text);
  if (frame['event'] === 'price') return [priceTick(frame, book, receivedAt)];
  if (SILENT_EVENTS.has(frame['event']) || isError(frame)) return [];
  throw new VendorFrameError(VENDOR, 'no event we know', frame);
}

/** What a frame without ticks says about the connection: symbols it refuses, and errors. */
export function frameSignal(text: string, book: SymbolBook): FrameSignal | undefined {
  const frame = frameOf(text);
  if (frame['event'] === 'subscribe-status') return acknowledged(frame, book);
  if (frame['event'] !== undefined) return undefined;
  const { code, message } = frame;
  const reason = messageOf(message, code);
  if (code === 401 || code === 403) return { kind: 'fatal', reason };
  if (code === 429) return { kind: 'cooldown', ms: COOLDOWN_MS, reason };
  return { kind: 'error', reason };
}

function acknowledged({ success, fails }: Frame, book: SymbolBook): FrameSignal | undefined {
  for (const item of itemsOf(success)) book.granted(item);
  const instruments: InstrumentId[] = itemsOf(fails).flatMap((item) => book.refused(item).map(({ id }) => id));
  if (instruments.length === 0) return undefined;
  return { kind: 'refused', instruments, reason: 'unknown to the vendor, or not in the plan' };
}

function priceTick(frame: Frame, book: SymbolBook, receivedAt: EpochMs): Tick {
  const { symbol, price, timestamp } = frame;
  if (typeof symbol !== 'string') throw new VendorFrameError(VENDOR, 'a price without symbol', frame);
  if (decimalOf(price) === undefined) throw new VendorFrameError(VENDOR, 'price is no number', frame);
  const [instrument, another] = book.find(frame);
  if (another !== undefined) throw new VendorFrameError(VENDOR, 'a symbol of two exchanges without exchange', frame);
  const decimals = instrument?.decimals ?? 2;
  const seconds = countOf(timestamp) || undefined;
  return tick({
    // a symbol nobody asked for keeps its name, so that validation counts it as unknown
    instrument: instrument?.id ?? symbol,
    vendor: VENDOR,
    receivedAt,
    eventTime: seconds === undefined ? undefined : seconds * SECOND_MS,
    eventTimeStep: seconds === undefined ? undefined : SECOND_MS,
    price: priceOf(price, decimals),
    volume: countOf(frame['day_volume']),
    bid: priceOf(frame['bid'], decimals),
    ask: priceOf(frame['ask'], decimals),
  });
}

function isError({ event, status, code }: Frame): boolean {
  return event === undefined && (status === 'error' || typeof code === 'number');
}

/** Lists may be null or missing. */
function itemsOf(list: unknown): Frame[] {
  if (!Array.isArray(list)) return [];
  return (list as unknown[]).map(objectOf).filter((item) => item !== undefined);
}

function frameOf(text: string): Frame {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new VendorFrameError(VENDOR, (error as Error).message, text);
  }
  const frame = objectOf(value);
  if (frame === undefined) throw new VendorFrameError(VENDOR, 'no JSON object', text);
  return frame;
}
