import { type Tick, VendorFrameError } from '#domain';
import type { HttpAnswer } from '../transports/http-client.js';
import { bseFields, type Fields, VENDOR } from './bse.body.js';
import { bsePositive, isNumberOrMissing } from './bse.numbers.js';

/** The best orders on both sides; NaN for a side that has none. */
export type BestOrders = Pick<Tick, 'bid' | 'bidSize' | 'ask' | 'askSize'>;

const NO_ORDERS: BestOrders = { bid: NaN, bidSize: NaN, ask: NaN, askSize: NaN };

/**
 * Reads the first of the five levels of a `MarketDepth` answer.
 * Shape  `{"BPrice1":"1264.75","BQty1":"120","SPrice1":"1264.85","SQty1":"64",...}`
 * Units  rupees, shares
 * Emits  a side without a price or with 0 has no orders; an empty body, as after the close, is a book without any
 * @throws VendorFrameError for the site's HTML shell, text that is no JSON, a shape without the fields, or a price that is no number
 * @see public routes of bseindia.com, undocumented. Unverified: the types (numbers are read as well), and the time `dttm`, which is not read.
 */
export function parseDepth({ body }: HttpAnswer): BestOrders {
  const answer = bseFields(body);
  if (answer === undefined) return NO_ORDERS;
  if (!('BPrice1' in answer || 'SPrice1' in answer))
    throw new VendorFrameError(VENDOR, 'no BPrice1 or SPrice1', answer);
  const [bid, bidSize] = side(answer, 'BPrice1', 'BQty1');
  const [ask, askSize] = side(answer, 'SPrice1', 'SQty1');
  return { bid, bidSize, ask, askSize };
}

function side(answer: Fields, priceField: string, sizeField: string): [price: number, size: number] {
  if (!isNumberOrMissing(answer[priceField])) throw new VendorFrameError(VENDOR, `${priceField} is no number`, answer);
  const price = bsePositive(answer[priceField]);
  return price === undefined ? [NaN, NaN] : [price, bsePositive(answer[sizeField]) ?? NaN];
}
