import { type EpochMs, type Instrument, type Tick, tick, VendorFrameError } from '#domain';
import type { HttpAnswer } from '../transports/http-client.js';
import { bseFields, bseJson, isFields, VENDOR } from './bse.body.js';
import { bsePositive } from './bse.numbers.js';
import { bseGraphTime, MINUTE_MS } from './bse.times.js';
import { NoQuoteError } from './no-quote.error.js';

interface Point {
  readonly time: EpochMs;
  readonly price: number;
}

/**
 * Turns the graph of today's session into a tick of its last point.
 * Shape  `{"PrevClose":"2308.55","Data":"[{\"dttm\":\"Wed Oct 11 2023 09:15:00\",\"vale1\":\"2314.90\",\"vole\":\"5120\"},...]"}`
 * Units  rupees; `dttm` is Indian time, about a point a minute, so `eventTimeStep` is a minute
 * Emits  one tick: the price of the point whose time is latest, and the previous close; points without time or price are left out
 * @throws VendorFrameError for the site's HTML shell, text that is no JSON, `Data` that is no list
 * @throws NoQuoteError when there is no point
 * @see public routes of bseindia.com, undocumented. Unverified, and read either way: `Data` as a list, the key `PrvClose`. Points come in
 *   any order.
 */
export function parseGraph({ body }: HttpAnswer, instrument: Instrument, receivedAt: EpochMs): Tick {
  const answer = bseFields(body);
  if (answer === undefined) throw new NoQuoteError(instrument);
  const last = pointsOf(answer['Data'])
    .filter(({ time }) => time < receivedAt + MINUTE_MS)
    .reduce<Point | undefined>((latest, point) => (latest && latest.time > point.time ? latest : point), undefined);
  if (last === undefined) throw new NoQuoteError(instrument);
  return tick({
    instrument: instrument.id,
    vendor: VENDOR,
    receivedAt,
    eventTime: last.time,
    eventTimeStep: MINUTE_MS,
    price: last.price,
    previousClose: bsePositive(answer['PrevClose']) ?? bsePositive(answer['PrvClose']),
  });
}

function pointsOf(data: unknown): Point[] {
  const list = typeof data === 'string' ? bseJson(data) : data;
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) throw new VendorFrameError(VENDOR, 'Data is no list', data);
  return list.flatMap((point: unknown) => {
    if (!isFields(point)) return [];
    const time = bseGraphTime(point['dttm']);
    const price = bsePositive(point['vale1']);
    return time === undefined || price === undefined ? [] : [{ time, price }];
  });
}
