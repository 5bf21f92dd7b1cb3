import type { Listing } from '../market-model/listing.js';
import type { Moment } from './bse.bodies.js';
import { lastClose } from './bse.session.js';
import { isoDay, priceText } from './bse.texts.js';

/** Body of `ListofScripData`: the scrips that are traded here, all values strings. */
export function scripMasterBody(listings: Iterable<Listing>): object[] {
  return [...listings].map(({ instrument: { bseCode, name, isin, ticker } }) => ({
    SCRIP_CD: bseCode ?? '',
    Scrip_Name: name,
    Status: 'Active',
    GROUP: 'A ',
    FACE_VALUE: '10.00',
    ISIN_NUMBER: isin ?? '',
    INDUSTRY: '',
    scrip_id: ticker,
    Segment: 'Equity',
    NSURL: '',
    Issuer_Name: name,
    Mktcap: '',
  }));
}

const COLUMNS =
  'TradDt,FinInstrmTp,FinInstrmId,ISIN,TckrSymb,SctySrs,FinInstrmNm,OpnPric,HghPric,LwPric,ClsPric,LastPric,PrvsClsgPric,TtlTradgVol,TtlTrfVal';

/** The end-of-day file of a day, `20251014`. There is one of the last session alone, once it has closed. */
export function bhavcopy(day: string, listings: Iterable<Listing>, { now, phase }: Moment): string | undefined {
  const date = isoDay(lastClose(now));
  if (day !== date.replaceAll('-', '')) return undefined;
  const rows = [...listings].map((listing) => {
    const { instrument, previousClose } = listing;
    const { bseCode = '', isin = '', ticker, name } = instrument;
    const known = [date, 'STK', bseCode, isin, ticker, 'A', `"${name.replaceAll('"', '""')}"`];
    // while it trades, the last session is yesterday's: its close is what is left of it
    const ofDay = phase === 'closed' ? today(listing) : ['', '', '', priceText(previousClose), '', '', '', ''];
    return [...known, ...ofDay].join(',');
  });
  return `${[COLUMNS, ...rows].join('\r\n')}\r\n`;
}

function today({ open, high, low, last, previousClose, volume, averagePrice }: Listing): string[] {
  const prices = [open, high, low, last, last, previousClose].map(priceText);
  return [...prices, String(volume), ((averagePrice ?? 0) * volume).toFixed(2)];
}
