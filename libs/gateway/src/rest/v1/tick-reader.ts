import { Inject, Injectable, Optional } from '@nestjs/common';
import type { Tier } from '#auth';
import {
  CLOCK,
  type Clock,
  ExchangeCalendar,
  type Instrument,
  InstrumentMaster,
  InvalidSymbolError,
  MarketDataError,
} from '#domain';
import { type TickPage, TickRepository, type TickRequest, type TickTable, type TickTableFormat } from '#history';
import { requireEntitled } from '../../session/entitled.js';
import type { TicksQuery } from './ticks.dto.js';
import { readRange } from './time-range.js';

const DAY_MS = 86_400_000;

/**
 * Reads ticks from history for somebody.
 * Every method rejects with `FORBIDDEN_SYMBOL`, `INVALID_SYMBOL`, `INVALID_MESSAGE` or `HISTORY_UNAVAILABLE` where there is nothing to read.
 */
@Injectable()
export class TickReader {
  constructor(
    private readonly master: InstrumentMaster,
    private readonly calendar: ExchangeCalendar,
    @Inject(CLOCK) private readonly clock: Clock,
    @Optional() @Inject(TickRepository) private readonly ticks: TickRepository | undefined,
  ) {}

  async page(
    query: TicksQuery,
    tier: Tier,
    signal: AbortSignal,
  ): Promise<TickPage & { readonly instrument: Instrument }> {
    const { ticks, instrument, request } = this.understood(query, tier, signal);
    return { instrument, ...(await ticks.ticks(request)) };
  }

  async table(query: TicksQuery, tier: Tier, signal: AbortSignal, format: TickTableFormat): Promise<TickTable> {
    const { ticks, request } = this.understood(query, tier, signal);
    return await ticks.table(request, format);
  }

  private understood(
    query: TicksQuery,
    tier: Tier,
    signal: AbortSignal,
  ): { ticks: TickRepository; instrument: Instrument; request: TickRequest } {
    const { symbol, limit, cursor } = query;
    requireEntitled(symbol, tier);
    const instrument = this.master.get(symbol);
    if (instrument === undefined) throw new InvalidSymbolError(symbol);
    if (this.ticks === undefined) throw new MarketDataError('HISTORY_UNAVAILABLE', 'History is off', false);
    const now = this.clock.now();
    const range = readRange(query, this.calendar, instrument.exchange, now);
    // vendors' clocks may be ahead of ours
    const to = range.to ?? now + DAY_MS;
    const from = range.from ?? Math.min(to, now) - DAY_MS;
    return { ticks: this.ticks, instrument, request: { symbol, from, to, limit, cursor, signal } };
  }
}
