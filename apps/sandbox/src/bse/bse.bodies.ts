import type { Listing } from '../market-model/listing.js';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const IST_OFFSET_MS = 330 * 60_000;
const LAKH = 100_000;
const CRORE = 10_000_000;

/** What bseindia.com answers to a route it does not know: its page, with HTTP 200. */
export const HTML_SHELL =
  '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>BSE</title></head><body><app-root></app-root></body></html>';

/** Body of `getScripHeaderData`: all numbers are strings, changes are signed, the time is Indian and to the minute. */
export function headerBody(listing: Listing, price: number, now: number): object {
  const { instrument, previousClose, open, high, low } = listing;
  const change = price - previousClose;
  const isSuspended = open === undefined;
  const ltp = isSuspended ? '' : price.toFixed(2);
  return {
    CurrRate: {
      LTP: ltp,
      Chg: signed(change),
      PcChg: signed((change / previousClose) * 100),
      D_Cpricelink: '',
      IssueChgVal: '',
      IssueChgPC: '',
    },
    Cmpname: {
      FullN: instrument.name.toUpperCase(),
      ShortN: instrument.ticker.toLowerCase(),
      SeriesN: instrument.name.toUpperCase(),
      Category: 'Listed',
      EquityScrips: instrument.bseCode ?? '',
    },
    Header: {
      PrevClose: previousClose.toFixed(2),
      Open: priceText(open),
      High: priceText(high),
      Low: priceText(low),
      LTP: ltp,
      DisplayText: '',
      Category: 'Listed',
      PRE_OPEN_NO_BIDS: null,
      PRE_OPEN_NO_I_PRICE: null,
      PRE_OPEN_I_PRICE: null,
      PRE_OPEN_I_PRICE_QTY: null,
      Ason: asOn(listing.tradedAt ?? now),
    },
    CompResp: { compRes: null, texturl: null },
  };
}

/** Body of `StockTrading`: quantities carry their unit beside them, in lakh where there are many. */
export function tradingBody(listing: Listing): object {
  const { volume, averagePrice = 0, lowerCircuit, upperCircuit } = listing;
  const isLiquid = volume >= LAKH;
  return {
    CktLimit: `${upperCircuit.toFixed(2)} / ${lowerCircuit.toFixed(2)}`,
    TTQ: isLiquid ? (volume / LAKH).toFixed(2) : String(volume),
    TTQin: isLiquid ? '(Lakh)' : '',
    Turnover: ((volume * averagePrice) / CRORE).toFixed(2),
    Turnoverin: '(Cr.)',
    TwoWkAvgQty: isLiquid ? (volume / LAKH).toFixed(2) : String(volume),
    TwoWkAvgQtyin: isLiquid ? '(Lakh)' : '',
    WAP: averagePrice.toFixed(2),
  };
}

function signed(value: number): string {
  const text = value.toFixed(2);
  return value < 0 ? text : `+${text}`;
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
