import type { ExchangeCalendar, Instrument, InstrumentMaster } from '#domain';
import { RESOLUTIONS } from './udf.dto.js';

export const UDF_RESOLUTIONS = Object.keys(RESOLUTIONS).filter((name) => name !== 'D');

/** What a chart must know of a symbol: `LibrarySymbolInfo` of the charting library. */
export interface UdfSymbol {
  readonly name: string;
  readonly full_name: string;
  readonly ticker: string;
  readonly description: string;
  readonly type: 'stock';
  readonly exchange: string;
  readonly listed_exchange: string;
  readonly timezone: string;
  /** `0915-1530` by the exchange's clock, or `24x7`. */
  readonly session: string;
  /** `20260126,20260303` */
  readonly session_holidays: string;
  /** `1815-1915:20261108`, separated by semicolons. */
  readonly corrections: string;
  /** Smallest price step in units of 1 / pricescale. */
  readonly minmov: number;
  readonly minmov2: 0;
  readonly pricescale: number;
  readonly format: 'price';
  readonly has_intraday: true;
  readonly has_seconds: true;
  readonly seconds_multipliers: readonly string[];
  readonly intraday_multipliers: readonly string[];
  readonly has_daily: true;
  readonly has_weekly_and_monthly: false;
  readonly visible_plots_set: 'ohlcv';
  readonly volume_precision: 0;
  readonly supported_resolutions: readonly string[];
  readonly data_status: 'streaming';
  readonly currency_code: string;
}

/** @param year its holidays are told, and those of the years beside it */
export function udfSymbol(instrument: Instrument, calendar: ExchangeCalendar, year: number): UdfSymbol {
  const { id, exchange, ticker, name, tickSize, decimals, currency } = instrument;
  const notes = [year - 1, year, year + 1].flatMap((one) => calendar.dayNotes(exchange, one));
  const pricescale = 10 ** decimals;
  return {
    name: ticker,
    full_name: id,
    ticker: id,
    description: name,
    type: 'stock',
    exchange,
    listed_exchange: exchange,
    timezone: calendar.timeZone(exchange),
    session: sessionText(calendar.usualHours(exchange)),
    session_holidays: notes.flatMap(({ date, hours }) => (hours === undefined ? [compact(date)] : [])).join(','),
    corrections: notes
      .flatMap(({ date, hours }) => (hours === undefined ? [] : [`${sessionText(hours)}:${compact(date)}`]))
      .join(';'),
    minmov: Math.max(1, Math.round(tickSize * pricescale)),
    minmov2: 0,
    pricescale,
    format: 'price',
    has_intraday: true,
    has_seconds: true,
    seconds_multipliers: ['1', '5'],
    intraday_multipliers: ['1', '5', '15', '60'],
    has_daily: true,
    has_weekly_and_monthly: false,
    visible_plots_set: 'ohlcv',
    volume_precision: 0,
    supported_resolutions: UDF_RESOLUTIONS,
    data_status: 'streaming',
    currency_code: currency,
  };
}

/** The instrument a chart means: by id, or by code alone on the first exchange that has it. */
export function findSymbol(
  master: InstrumentMaster,
  exchanges: readonly string[],
  symbol: string,
): Instrument | undefined {
  const given = symbol.toUpperCase();
  for (const id of [given, ...exchanges.map((exchange) => `${exchange}:${given}`)]) {
    const found = master.get(id);
    if (found !== undefined) return found;
  }
  return undefined;
}

function sessionText([opens, closes]: readonly [number, number]): string {
  return opens === 0 && closes === 1440 ? '24x7' : `${clockText(opens)}-${clockText(closes)}`;
}

function clockText(minute: number): string {
  return `${Math.floor(minute / 60)}`.padStart(2, '0') + `${minute % 60}`.padStart(2, '0');
}

function compact(date: string): string {
  return date.replaceAll('-', '');
}
