import { Controller, Get, Header, Inject, Query, Res, UseFilters, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Response } from 'express';
import { QuoteReader } from '#cache';
import type { HistoryInterval } from '#candles';
import {
  CLOCK,
  type Clock,
  ExchangeCalendar,
  type Instrument,
  InstrumentMaster,
  InvalidSymbolError,
  MarketDataError,
} from '#domain';
import type { CandleRequest, HistoryCandle } from '#history';
import type { Caller } from '../../access/caller.js';
import { From } from '../../access/request-caller.js';
import { forbiddenSymbol, screen } from '../../session/entitled.js';
import { CandleReader } from '../v1/candle-reader.js';
import { goneSignal } from '../v1/gone-signal.js';
import { type UdfBars, type UdfNoData, UdfTimes } from './udf-bars.js';
import { UdfErrorFilter } from './udf-error.filter.js';
import { type UdfQuote, udfQuotes } from './udf-quotes.js';
import { findSymbol, UDF_RESOLUTIONS, type UdfSymbol, udfSymbol } from './udf-symbols.js';
import {
  MAX_BARS,
  RESOLUTIONS,
  UdfGroupQuery,
  UdfHistoryQuery,
  UdfQuotesQuery,
  UdfSearchQuery,
  UdfSymbolQuery,
} from './udf.dto.js';

/** The data feed that TradingView's charting library asks by HTTP ("UDF"): docs/history.md. */
@ApiExcludeController()
@UseFilters(UdfErrorFilter)
@Controller({ path: 'udf', version: VERSION_NEUTRAL })
export class UdfController {
  constructor(
    private readonly master: InstrumentMaster,
    private readonly calendar: ExchangeCalendar,
    private readonly candles: CandleReader,
    private readonly quotes: QuoteReader,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get('config')
  config(): object {
    const exchanges = this.calendar.exchanges.map((value) => ({ value, name: value, desc: value }));
    return {
      supports_search: true,
      supports_group_request: false,
      supports_marks: false,
      supports_timescale_marks: false,
      supports_time: true,
      exchanges: [{ value: '', name: 'All exchanges', desc: '' }, ...exchanges],
      symbols_types: [
        { name: 'All types', value: '' },
        { name: 'Stock', value: 'stock' },
      ],
      supported_resolutions: UDF_RESOLUTIONS,
    };
  }

  @Get('time')
  @Header('Content-Type', 'text/plain; charset=utf-8')
  time(): string {
    return String(Math.floor(this.clock.now() / 1000));
  }

  @Get('symbols')
  symbol(@Query() { symbol }: UdfSymbolQuery, @From() caller: Caller): UdfSymbol {
    return this.described(this.find(symbol, caller));
  }

  @Get('symbol_info')
  group(@Query() { group }: UdfGroupQuery, @From() { identity }: Caller): Record<string, unknown> {
    const symbols = [...this.master.all()]
      .filter(({ id, exchange }) => exchange === group && identity.tier.entitlements.allows(id))
      .map((instrument) => this.described(instrument));
    if (symbols.length === 0) throw new InvalidSymbolError(group);
    return groupTable(symbols);
  }

  @Get('search')
  search(@Query() { query, type, exchange, limit }: UdfSearchQuery, @From() { identity }: Caller): object[] {
    if (type !== '' && type !== 'stock') return [];
    const allows = (id: string): boolean => identity.tier.entitlements.allows(id);
    const options = { allows, ...(exchange !== '' && { exchange }) };
    return this.master.search(query, limit, options).map((found) => ({
      symbol: found.ticker,
      full_name: found.id,
      description: found.name,
      exchange: found.exchange,
      ticker: found.id,
      type: 'stock',
    }));
  }

  @Get('history')
  async history(
    @Query() { symbol, resolution, from, to, countback }: UdfHistoryQuery,
    @From() caller: Caller,
    @Res({ passthrough: true }) response: Response,
  ): Promise<UdfBars | UdfNoData> {
    const { id, exchange } = this.find(symbol, caller);
    const interval = RESOLUTIONS[resolution] as HistoryInterval;
    const times = new UdfTimes(this.calendar, exchange, interval === '1d');
    const signal = goneSignal(response);
    // charts draw an hour's bars from the opening on
    const asked = { symbol: id, interval, countedFrom: 'opening', signal } as const;
    const [start, end] = [times.startOf(Math.max(from, 0)), times.startOf(to)];
    const range = countback === undefined ? { from: start, to: end, limit: MAX_BARS } : { to: end, limit: countback };
    const candles = await this.known({ ...asked, ...range });
    if (candles.length > 0) return times.barsOf(candles);
    // with countback there is nothing before either
    const [before] = countback === undefined ? await this.known({ ...asked, to: start, limit: 1 }) : [];
    return { s: 'no_data', ...(before && { nextTime: times.timeOf(before) }) };
  }

  /** A chart asks for ever older bars until it is told that there are none: where nothing is kept, that is what it is told. */
  private async known(request: CandleRequest): Promise<readonly HistoryCandle[]> {
    try {
      return (await this.candles.read(request)).candles;
    } catch (error) {
      const isUnknown = error instanceof MarketDataError && error.code === 'HISTORY_UNAVAILABLE';
      if (this.candles.history === undefined && isUnknown) return [];
      throw error;
    }
  }

  @Get('quotes')
  async quote(@Query() { symbols }: UdfQuotesQuery, @From() { identity }: Caller): Promise<{ s: 'ok'; d: UdfQuote[] }> {
    const { exchanges } = this.calendar;
    const asked = symbols.map((name) => ({ name, instrument: findSymbol(this.master, exchanges, name) }));
    const ids = asked.flatMap(({ instrument }) => instrument?.id ?? []);
    const { quotes } = await this.quotes.read(screen(ids, identity.tier.entitlements).permitted);
    return { s: 'ok', d: udfQuotes(asked, quotes) };
  }

  private find(symbol: string, { identity }: Caller): Instrument {
    const found = findSymbol(this.master, this.calendar.exchanges, symbol);
    // whether a symbol exists is not told to whoever may not see it
    if (!identity.tier.entitlements.allows(found?.id ?? symbol)) throw forbiddenSymbol(symbol);
    if (found === undefined) throw new InvalidSymbolError(symbol);
    return found;
  }

  private described(instrument: Instrument): UdfSymbol {
    return udfSymbol(instrument, this.calendar, new Date(this.clock.now()).getUTCFullYear());
  }
}

/** A group's symbols as a table, under the names the protocol has for its columns. */
function groupTable(symbols: readonly UdfSymbol[]): Record<string, unknown> {
  const column = <K extends keyof UdfSymbol>(key: K): UdfSymbol[K][] => symbols.map((symbol) => symbol[key]);
  const [first] = symbols as [UdfSymbol];
  return {
    symbol: column('name'),
    ticker: column('ticker'),
    description: column('description'),
    type: first.type,
    'exchange-listed': first.listed_exchange,
    'exchange-traded': first.exchange,
    timezone: first.timezone,
    'session-regular': first.session,
    'session-holidays': first.session_holidays,
    corrections: first.corrections,
    minmovement: column('minmov'),
    minmovement2: 0,
    pricescale: column('pricescale'),
    fractional: false,
    'has-intraday': true,
    'has-daily': true,
    'has-weekly-and-monthly': false,
    'intraday-multipliers': [first.intraday_multipliers],
    'supported-resolutions': [first.supported_resolutions],
    volume_precision: 0,
  };
}
