import type { Listing } from '../market-model/listing.js';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const IST_OFFSET_MS = 330 * 60_000;
const LAKH = 100_000;
const CRORE = 10_000_000;

/** What bseindia.com answers to a route it does not know: its page, with HTTP 200. */
export const HTML_SHELL =
  '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>BSE</title></head><body><app-root></app-root></body></html>';

/** Body of `getScripHeaderData`: all numbers are strings, changes are signed, the time is Indian and to the minute. */
export function headerBody(listing: Listing, price: number): object {
  const { instrument, previousClose, open, high, low } = listing;
  const change = price - previousClose;
  const fullName = instrument.name.toUpperCase();
  return {
    CurrRate: {
      LTP: price.toFixed(2),
      Chg: signed(change),
      PcChg: signed((change / previousClose) * 100),
      D_Cpricelink: '',
      IssueChgVal: '',
      IssueChgPC: '',
    },
    Cmpname: {
      FullN: fullName,
      ShortN: instrument.ticker.toLowerCase(),
      SeriesN: fullName,
      Category: 'Listed',
      EquityScrips: instrument.bseCode ?? '',
    },
    Header: {
      PrevClose: previousClose.toFixed(2),
      Open: priceText(open),
      High: priceText(high),
      Low: priceText(low),
      LTP: price.toFixed(2),
      ...NO_NOTICES,
      Ason: asOn(listing.changedAt),
    },
    CompResp: { compRes: null, texturl: null },
  };
}

/** The rest of `Header`, as it is for a scrip that trades normally. */
const NO_NOTICES = {
  DisplayText: '',
  Category: 'Listed',
  PRE_OPEN_NO_BIDS: null,
  PRE_OPEN_NO_I_PRICE: null,
  PRE_OPEN_I_PRICE: null,
  PRE_OPEN_I_PRICE_QTY: null,
  PCAS_NO_BIDS: null,
  PCAS_INDICATIVE_PRICE: null,
  PCAS_INDICATIVE_QTY: null,
  PERODIC_CALL_AUCTION: null,
  GSMText: '',
  GSMURL: '',
  ASMText: '',
  ASMURL: '',
  SMSText: '',
  SMSURL: '',
  IRPText: '',
  IRPURL: '',
  EMSText: '',
  EMSURL: '',
  NAVRate: '',
  NAVdttm: '',
};

/** Shares of every company here: nobody has counted them. */
const SHARES = 1_000_000_000;

/** Body of `StockTrading`: quantities carry their unit beside them, in lakh where there are many. */
export function tradingBody(listing: Listing): object {
  const { volume, averagePrice, last, lowerCircuit, upperCircuit } = listing;
  const [quantity, unit] = volume >= LAKH ? [(volume / LAKH).toFixed(2), '(Lakh)'] : [String(volume), ''];
  const worth = (last * SHARES) / CRORE;
  return {
    CktLimit: `${upperCircuit.toFixed(2)} / ${lowerCircuit.toFixed(2)}`,
    ExDate: '',
    MktCapFF: grouped(worth / 2),
    MktCapFull: grouped(worth),
    TTQ: quantity,
    TTQin: unit,
    Turnover: ((volume * (averagePrice ?? 0)) / CRORE).toFixed(2),
    Turnoverin: '(Cr.)',
    TwoWkAvgQty: quantity,
    TwoWkAvgQtyin: unit,
    WAP: priceText(averagePrice),
    blockdttm: '',
  };
}

function signed(value: number): string {
  const text = value.toFixed(2);
  // a small fall rounds to minus zero
  if (text === '-0.00') return '+0.00';
  return text.startsWith('-') ? text : `+${text}`;
}

/** Indian grouping: `17,57,876.78`. */
function grouped(value: number): string {
  return value.toLocaleString('en-IN', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

function priceText(price: number | undefined): string {
  return price === undefined ? '' : price.toFixed(2);
}

/** `14 Oct 25 | 11:42` */
function asOn(now: number): string {
  const local = new Date(now + IST_OFFSET_MS);
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = `${two(local.getUTCDate())} ${MONTHS[local.getUTCMonth()]} ${two(local.getUTCFullYear() % 100)}`;
  return `${date} | ${two(local.getUTCHours())}:${two(local.getUTCMinutes())}`;
}
