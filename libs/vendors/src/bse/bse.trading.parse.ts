import { VendorFrameError } from '#domain';
import type { HttpAnswer } from '../transports/http-client.js';
import { bseFields, VENDOR } from './bse.body.js';
import { bseNumber, bsePositive } from './bse.numbers.js';

/** What has been traded of a scrip today, and the limits of its price. A part is undefined when BSE does not say it. */
export interface Trading {
  readonly volume: TradedVolume | undefined;
  readonly averagePrice: number | undefined;
  readonly lowerCircuit: number | undefined;
  readonly upperCircuit: number | undefined;
}

export interface TradedVolume {
  /** Shares traded today, as exact as BSE says it. */
  readonly shares: number;
  /** How far the true count may be from it: 500 where BSE counts in hundredths of a lakh, 0 where it counts shares. */
  readonly precision: number;
}

const LAKH = 100_000;
const CRORE = 10_000_000;
const NOTHING: Trading = {
  volume: undefined,
  averagePrice: undefined,
  lowerCircuit: undefined,
  upperCircuit: undefined,
};

/**
 * Reads a `StockTrading` answer.
 * Shape  `{"TTQ":"5.28","TTQin":"(Lakh)","WAP":"2332.77","CktLimit":"2539.40 / 2077.70",...}`, all strings
 * Units  `TTQ` in what `TTQin` says: nothing for shares, lakh, crore; the volume is in shares. `WAP` and limits in rupees
 * Emits  what it says; nothing of it for an empty body
 * @throws VendorFrameError for the site's HTML shell, text that is no JSON, or a shape with none of the fields
 * @see public routes of bseindia.com, undocumented. `CktLimit` is text: two prices in either order are limits, anything else is none.
 */
export function parseTrading({ body }: HttpAnswer): Trading {
  const answer = bseFields(body);
  if (answer === undefined) return NOTHING;
  if (!('TTQ' in answer || 'WAP' in answer || 'CktLimit' in answer))
    throw new VendorFrameError(VENDOR, 'no TTQ, WAP or CktLimit', answer);
  const volume = volumeOf(answer['TTQ'], unitOf(answer['TTQin']));
  return { volume, averagePrice: bsePositive(answer['WAP']), ...limitsOf(answer['CktLimit']) };
}

/** Undefined for a unit nobody has seen: a guess would be wrong by orders of magnitude. */
function unitOf(value: unknown): number | undefined {
  if (value === undefined || value === null) return 1;
  if (typeof value !== 'string') return undefined;
  const unit = value.replaceAll(/[\s().]/g, '').toLowerCase();
  if (unit === '') return 1;
  if (/^(lakhs?|lacs?)$/.test(unit)) return LAKH;
  return /^(crs?|crores?)$/.test(unit) ? CRORE : undefined;
}

function volumeOf(value: unknown, unit: number | undefined): TradedVolume | undefined {
  const count = bseNumber(value);
  if (count === undefined || count < 0 || unit === undefined) return undefined;
  // of its two decimals the last one is rounded
  return { shares: Math.round(count * unit), precision: unit === 1 ? 0 : unit / 200 };
}

function limitsOf(value: unknown): Pick<Trading, 'lowerCircuit' | 'upperCircuit'> {
  const texts = typeof value === 'string' ? value.match(/[\d,]+(\.\d+)?/g) : null;
  const prices = (texts ?? []).map((text) => bsePositive(text) ?? NaN);
  const [lower = NaN, upper = NaN] = prices.toSorted((a, b) => a - b);
  if (prices.length !== 2 || !(lower < upper)) return { lowerCircuit: undefined, upperCircuit: undefined };
  return { lowerCircuit: lower, upperCircuit: upper };
}
