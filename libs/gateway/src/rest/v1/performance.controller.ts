import { Controller, Get, Inject, NotFoundException, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { PerformanceLog, QuoteReader } from '#cache';
import { CLOCK, type Clock } from '#domain';
import { FeedSupervisor } from '#fetcher';
import { Hub } from '#subscription';
import { For } from '../../access/access.js';
import { Sessions } from '../../session/sessions.js';
import { METRICS_TEXT, type MetricsText } from '../metrics.controller.js';
import { RequestTimes } from '../performance/request-times.js';
import { ApiProblems } from '../problem.js';
import { DateQuery, PerformanceAnswer, type ProcessFigures, type ReadShares } from './performance.dto.js';

@ApiTags('metrics')
@For('operator')
@Controller({ path: 'metrics/performance', version: '1' })
export class PerformanceController {
  constructor(
    private readonly times: RequestTimes,
    private readonly days: PerformanceLog,
    private readonly reader: QuoteReader,
    private readonly supervisor: FeedSupervisor,
    private readonly hub: Hub,
    private readonly sessions: Sessions,
    @Inject(METRICS_TEXT) private readonly metrics: MetricsText,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'How the server does: counts of a day (UTC), and what this process measures today',
    description:
      'Counts of earlier days, and of other processes, are there where Redis keeps them. `process` is absent for earlier days.',
  })
  @ApiOkResponse({ type: PerformanceAnswer })
  @ApiProblems(400, 404)
  async day(@Query() { date }: DateQuery): Promise<PerformanceAnswer> {
    const today = this.times.date;
    const day = date ?? today;
    const counters = await this.days.read(day);
    if (day === today) return { date: day, counters, process: await this.figures() };
    if (Object.keys(counters).length === 0) throw new NotFoundException(`There are no figures of ${day}`);
    return { date: day, counters };
  }

  private async figures(): Promise<ProcessFigures> {
    const routes = this.times.report();
    const requests = sum(routes.map((route) => route.requests));
    const share = (count: number): number => (requests === 0 ? 0 : count / requests);
    return {
      since: new Date(this.times.since).toISOString(),
      until: new Date(this.clock.now()).toISOString(),
      requests,
      refusedShare: share(sum(routes.map(({ refused }) => refused))),
      failedShare: share(sum(routes.map(({ failed }) => failed))),
      routes,
      reads: readShares(this.reader),
      vendors: this.supervisor.statuses().map(({ id, state }) => ({ id, state })),
      connections: {
        clients: this.hub.clients.size,
        subscriptions: this.hub.subscriptions.size,
        bufferedBytes: this.sessions.buffered,
      },
      windowWait: await this.metrics.quantiles('window_wait_seconds'),
      encode: await this.metrics.quantiles('encode_seconds'),
      fanOut: await this.metrics.quantiles('fanout_seconds'),
    };
  }
}

function readShares({ served }: QuoteReader): ReadShares {
  const { l1, l2, l3, l4, failed } = served;
  const all = l1 + l2 + l3 + l4 + failed;
  return { l1, l2, l3, l4, failed, hitRate: all === 0 ? 1 : (l1 + l2) / all };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
