import { type Instrument, type InstrumentId, type Tick, tick, VendorFrameError } from '#domain';
import { toEpochMs } from '../json/json-values.js';
import type { Channel } from './polygon.channels.js';

export const VENDOR = 'polygon';

export interface PolygonOptions {
  /** The instrument of a ticker; undefined when it was never asked for. */
  readonly instrumentOf: (ticker: string) => Instrument | undefined;
  /** The channel that tells the price and its time. */
  readonly leading: Channel;
  /** Shares that one of a quote's sizes stands for. */
  readonly lotSize: number;
  /** Trades with one of these conditions are no news of the price. */
  readonly conditionsWithoutPrice: ReadonlySet<number>;
}

/** What a frame holds beside ticks. */
export interface PolygonEvents {
  /** An event of the frame that cannot be read, when the others can. */
  malformed(error: VendorFrameError): void;
  /** The vendor waits for the key. */
  connected(): void;
}

type Fields = Readonly<Record<string, unknown>>;

/** Documented, and of no use to a quote: limit bands, imbalances, and values of the vendor's own making. */
const IGNORED = new Set<unknown>(['LULD', 'NOI', 'FMV', 'LV']);
/** For an instrument we do not know, so that its prices look like prices when they are reported. */
const DEFAULT_DECIMALS = 2;
const NO_CONDITIONS: readonly unknown[] = [];
const BAR_MS = { A: 1000, AM: 60_000 };

/**
 * Turns one frame of the stocks cluster into ticks.
 * Shape  a JSON array of events told apart by `ev`: `{"ev":"T","sym":"MSFT","p":114.125,"s":100,"c":[0],"t":1536036818784}`
 * Units  dollars and Unix ms (finer units are told by their size); a quote's sizes in lots, a trade's and a bar's in shares
 * Emits  one tick per trade that may be the last price, per quote and per bar. Time and price come from the leading channel alone: the
 *   channels overtake one another, and what looked older would be refused as late. A bar's time is its start, known to its length.
 *   A side of a quote at price 0 is none (NaN). Prices finer than the instrument's decimals are rounded, a bid down and an ask up.
 * @throws VendorFrameError if the frame is no array of events
 * @see the vendor's WebSocket specification and clients (2026-09). Unverified: sizes in lots of 100 since the rule of 2025, and fractional
 *   sizes; a bare event without its array, and one condition without its array, are read too.
 */
export function parsePolygonFrame(
  data: Buffer,
  receivedAt: number,
  options: PolygonOptions,
  { malformed, connected }: PolygonEvents,
): Tick[] {
  const ticks: Tick[] = [];
  for (const event of eventsOf(data)) {
    try {
      if (isStatus(event, 'connected')) connected();
      const found = readEvent(event, receivedAt, options);
      if (found !== undefined) ticks.push(found);
    } catch (error) {
      if (!(error instanceof VendorFrameError)) throw error;
      malformed(error);
    }
  }
  return ticks;
}

/** The events of a frame. @throws VendorFrameError if it is no array of events */
export function eventsOf(data: Buffer): readonly unknown[] {
  const text = data.toString();
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch (error) {
    throw new VendorFrameError(VENDOR, (error as Error).message, text);
  }
  if (typeof frame !== 'object' || frame === null) throw new VendorFrameError(VENDOR, 'no list of events', text);
  return Array.isArray(frame) ? (frame as unknown[]) : [frame];
}

/** Whether an event is a status message, of the given status. */
export function isStatus(event: unknown, status?: string): event is Fields {
  if (typeof event !== 'object' || event === null) return false;
  const fields = event as Fields;
  return fields['ev'] === 'status' && (status === undefined || fields['status'] === status);
}

/** What an event is about. */
interface Subject {
  readonly id: InstrumentId;
  readonly decimals: number;
  readonly receivedAt: number;
  /** Whether the event's channel is the one that tells price and time. */
  readonly isLeading: boolean;
}

function readEvent(event: unknown, receivedAt: number, options: PolygonOptions): Tick | undefined {
  const fields = (event ?? {}) as Fields;
  const { ev, sym } = fields;
  if (ev === 'status' || IGNORED.has(ev)) return undefined;
  if (ev !== 'T' && ev !== 'Q' && ev !== 'A' && ev !== 'AM')
    throw new VendorFrameError(VENDOR, 'an event of no documented kind', event);
  if (typeof sym !== 'string' || sym === '') throw new VendorFrameError(VENDOR, 'an event without ticker', event);
  const instrument = options.instrumentOf(sym);
  const subject: Subject = {
    // a ticker nobody asked for keeps its name, so that validation counts it as unknown
    id: instrument?.id ?? sym,
    decimals: instrument?.decimals ?? DEFAULT_DECIMALS,
    receivedAt,
    isLeading: ev === options.leading,
  };
  if (ev === 'T') return trade(fields, subject, options.conditionsWithoutPrice);
  return ev === 'Q' ? quote(fields, subject, options.lotSize) : bar(fields, subject, BAR_MS[ev]);
}

/** Nothing for a trade that is no news of the price. */
function trade(fields: Fields, subject: Subject, withoutPrice: ReadonlySet<number>): Tick | undefined {
  const { p, s, c = NO_CONDITIONS, t } = fields;
  const conditions: readonly unknown[] = Array.isArray(c) ? (c as unknown[]) : c === null ? NO_CONDITIONS : [c];
  if (!isNumber(p) || p < 0 || !conditions.every(isNumber)) throw unreadable(fields);
  if (conditions.some((condition) => withoutPrice.has(condition as number))) return undefined;
  const price = known(rounded(p, subject.decimals));
  if (price === undefined) return undefined;
  const { id, receivedAt, isLeading } = subject;
  const eventTime = isLeading ? timeOf(t) : undefined;
  return tick({ instrument: id, vendor: VENDOR, receivedAt, eventTime, price, lastSize: known(s) });
}

function quote(fields: Fields, { id, decimals, receivedAt, isLeading }: Subject, lotSize: number): Tick {
  const { bp, bs, ap, as, t } = fields;
  if (!isSide(bp) || !isSide(ap) || (bp === undefined && ap === undefined)) throw unreadable(fields);
  return tick({
    instrument: id,
    vendor: VENDOR,
    receivedAt,
    eventTime: isLeading ? timeOf(t) : undefined,
    bid: sideOf(bp, decimals, Math.floor),
    ask: sideOf(ap, decimals, Math.ceil),
    bidSize: sizeOf(bp, bs, lotSize),
    askSize: sizeOf(ap, as, lotSize),
  });
}

function bar(fields: Fields, { id, decimals, receivedAt, isLeading }: Subject, barMs: number): Tick {
  const { c, av, op, a, s, e } = fields;
  if (!isNumber(c) || c < 0) throw unreadable(fields);
  const open = known(op);
  const day = {
    instrument: id,
    vendor: VENDOR,
    receivedAt,
    volume: isNumber(av) && av >= 0 ? av : undefined,
    averagePrice: known(a),
    open: open === undefined ? undefined : known(rounded(open, decimals)),
  };
  if (!isLeading) return tick(day);
  const length = isNumber(s) && isNumber(e) && e > s ? e - s : barMs;
  return tick({ ...day, price: known(rounded(c, decimals)), eventTime: timeOf(s), eventTimeStep: length });
}

function unreadable(event: Fields): VendorFrameError {
  return new VendorFrameError(VENDOR, `a ${String(event['ev'])} event without its numbers`, event);
}

function timeOf(time: unknown): number | undefined {
  return isNumber(time) && time > 0 ? toEpochMs(time, 'auto') : undefined;
}

function isSide(price: unknown): price is number | undefined {
  return price === undefined || (isNumber(price) && price >= 0);
}

/** A price of 0 says that there is nobody on this side. */
function sideOf(price: number | undefined, decimals: number, round: (value: number) => number): number | undefined {
  if (price === undefined) return undefined;
  return price === 0 ? NaN : known(rounded(price, decimals, round));
}

function sizeOf(price: number | undefined, lots: unknown, lotSize: number): number | undefined {
  if (price === 0) return NaN;
  return isNumber(lots) && lots >= 0 ? lots * lotSize : undefined;
}

function rounded(price: number, decimals: number, round: (value: number) => number = Math.round): number {
  const scale = 10 ** decimals;
  const value = price * scale;
  const whole = Math.round(value);
  // nearly every price is whole but for what the product has lost, which must not move it down or up
  if (Math.abs(value - whole) <= whole * 1e-14) return whole / scale;
  // 1.005 * 100 is 100.49999999999999; fifteen digits are all that a double can promise
  return round(Number(value.toPrecision(15))) / scale;
}

function known(value: unknown): number | undefined {
  return isNumber(value) && value > 0 ? value : undefined;
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
