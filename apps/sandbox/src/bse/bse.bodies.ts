import type { Listing } from '../market-model/listing.js';
import type { Phase } from '../market-model/session.js';
import { frozenTime } from './bse.session.js';
import { asOn, grouped, priceText, signed } from './bse.texts.js';

/** When somebody asks, and what the market does then. */
export interface Moment {
  readonly now: number;
  readonly phase: Phase;
}

const LAKH = 100_000;
const CRORE = 10_000_000;
/** A scrip that is halted for longer than this is suspended: it has no price. */
const SUSPENDED_FROM_MS = 3_600_000;

/** What bseindia.com answers to a route it does not know: its page, with HTTP 200. */
export const HTML_SHELL =
  '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>BSE</title></head><body><app-root></app-root></body></html>';

/** Body of `getScripHeaderData`: all numbers are strings, changes are signed, the time is Indian and to the minute. */
export function headerBody(listing: Listing, price: number, moment: Moment): object {
  const { instrument, previousClose, open, high, low, changedAt } = listing;
  const isSuspended = isSuspendedAt(listing, moment.now);
  const change = price - previousClose;
  const fullName = instrument.name.toUpperCase();
  const last = isSuspended ? '' : price.toFixed(2);
  return {
    CurrRate: {
      LTP: last,
      Chg: isSuspended ? '' : signed(change),
      PcChg: isSuspended ? '' : signed((change / previousClose) * 100),
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
      LTP: last,
      ...NO_NOTICES,
      ...(moment.phase === 'pre-open' ? preOpen(listing) : {}),
      DisplayText: noticeOf(listing, moment.now),
      Ason: asOn(moment.phase === 'closed' ? frozenTime(moment.now) : changedAt),
    },
    CompResp: { compRes: null, texturl: null },
  };
}

/** The rest of `Header`, as it is for a scrip that trades normally. */
const NO_NOTICES = {
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

/** The auction so far: an indicative price, at which nothing has traded yet. */
function preOpen({ ask, bidSize, askSize }: Listing): object {
  return {
    PRE_OPEN_NO_BIDS: String(bidSize),
    PRE_OPEN_NO_I_PRICE: '',
    PRE_OPEN_I_PRICE: ask.toFixed(2),
    PRE_OPEN_I_PRICE_QTY: grouped(Math.min(bidSize, askSize), 0),
  };
}

function noticeOf(listing: Listing, now: number): string {
  if (isSuspendedAt(listing, now)) return 'Trading in the scrip is suspended';
  return listing.haltedUntil > now ? 'Trading in the scrip is halted' : '';
}

export function isSuspendedAt({ haltedUntil }: Listing, now: number): boolean {
  return haltedUntil - now > SUSPENDED_FROM_MS;
}

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

const LEVELS = [1, 2, 3, 4, 5];

/** Body of `MarketDepth`: five levels, a tick apart; undefined while there is no book. */
export function depthBody(listing: Listing, { phase, now }: Moment): object | undefined {
  if (phase === 'closed' || isSuspendedAt(listing, now)) return undefined;
  const { bid, ask, bidSize, askSize, instrument, changedAt } = listing;
  const levels = LEVELS.map((level) => {
    const away = (level - 1) * instrument.tickSize;
    return {
      [`BPrice${level}`]: Math.max(instrument.tickSize, bid - away).toFixed(2),
      [`BQty${level}`]: String(bidSize * level),
      [`SPrice${level}`]: (ask + away).toFixed(2),
      [`SQty${level}`]: String(askSize * level),
    };
  });
  const total = (size: number): string => grouped(size * LEVELS.reduce((sum, level) => sum + level, 0), 0);
  return Object.assign({}, ...levels, {
    TotalBQty: total(bidSize),
    TotalSQty: total(askSize),
    dttm: asOn(changedAt),
  }) as object;
}
