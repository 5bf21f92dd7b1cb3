import { Controller, Get, Inject, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import {
  CLOCK,
  type Clock,
  type EpochMs,
  ExchangeCalendar,
  InvalidMessageError,
  marketStatus,
  type TradingSession,
} from '#domain';
import { weakTag } from '../etag.js';
import { ApiProblems } from '../problem.js';
import {
  CalendarAnswer,
  CalendarQuery,
  type ExchangeStatus,
  MarketStatusAnswer,
  type SessionAnswer,
  StatusQuery,
} from './market.dto.js';

@ApiTags('market')
@Controller({ path: 'market', version: '1' })
export class MarketController {
  constructor(
    private readonly calendar: ExchangeCalendar,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get('status')
  @ApiOperation({ summary: 'Whether exchanges trade now, why not, and when that changes' })
  @ApiOkResponse({ type: MarketStatusAnswer })
  @ApiProblems(400)
  status(@Query() { exchange }: StatusQuery, @Res({ passthrough: true }) response: Response): MarketStatusAnswer {
    const now = this.clock.now();
    const asked = exchange === undefined ? this.calendar.exchanges : [this.known(exchange)];
    const exchanges = asked.map((one) => this.statusOf(one, now));
    response.setHeader('ETag', weakTag(exchanges));
    return { serverTime: iso(now), exchanges };
  }

  @Get('calendar')
  @ApiOperation({ summary: 'Trading days, holidays and special sessions of a year' })
  @ApiOkResponse({ type: CalendarAnswer })
  @ApiProblems(400)
  year(@Query() { exchange, year = new Date(this.clock.now()).getUTCFullYear() }: CalendarQuery): CalendarAnswer {
    const { calendar } = this;
    const notes = calendar.dayNotes(this.known(exchange), year);
    const start = calendar.startOf(exchange, `${year}-01-01`);
    const sessions = calendar.sessions(exchange, start, calendar.startOf(exchange, `${year}-12-31`)).map(sessionAnswer);
    return {
      exchange,
      year,
      timeZone: calendar.timeZone(exchange),
      holidaysKnown: this.calendar.knowsHolidays(exchange, year),
      holidays: notes.flatMap(({ date, name, hours }) => (hours === undefined ? [{ date, name }] : [])),
      specialSessions: sessions.filter(({ special }) => special !== undefined),
      sessions,
    };
  }

  private statusOf(exchange: string, now: EpochMs): ExchangeStatus {
    const { phase, reason, session, nextOpen, nextClose } = marketStatus(this.calendar, exchange, now);
    return {
      exchange,
      status: phase,
      reason,
      timeZone: this.calendar.timeZone(exchange),
      holidaysKnown: this.calendar.knowsHolidays(exchange, Number(this.calendar.dateAt(exchange, now).slice(0, 4))),
      ...(session && { session: sessionAnswer(session) }),
      ...(nextOpen !== undefined && { nextOpen: iso(nextOpen) }),
      ...(nextClose !== undefined && { nextClose: iso(nextClose) }),
    };
  }

  private known(exchange: string): string {
    const { exchanges } = this.calendar;
    if (exchanges.includes(exchange)) return exchange;
    throw new InvalidMessageError(`exchange must be one of ${exchanges.join(', ')}`);
  }
}

function sessionAnswer({ date, preOpens, opens, closes, postCloses, special }: TradingSession): SessionAnswer {
  return {
    date,
    preOpen: iso(preOpens),
    open: iso(opens),
    close: iso(closes),
    postClose: iso(postCloses),
    ...(special !== undefined && { special }),
  };
}

function iso(at: EpochMs): string {
  return new Date(at).toISOString();
}
