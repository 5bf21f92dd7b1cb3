import type { NextFunction, Request, Response } from 'express';
import type { Clock } from '#domain';
import { DurationHistogram } from './duration-histogram.js';

/** A request no route has taken. */
const NO_ROUTE = 'none';
const DAY_MS = 86_400_000;

/** Times of one route's answers today. */
export interface RouteTimes {
  /** `GET /api/v1/quotes/:symbol`; `none` for what no route has taken. */
  readonly route: string;
  readonly requests: number;
  /** Of them, answered with a status of 400 to 499. */
  readonly refused: number;
  /** Of them, answered with a status of 500 and more. */
  readonly failed: number;
  /** Milliseconds from the request's head to the end of the answer. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

interface Route {
  readonly times: DurationHistogram;
  refused: number;
  failed: number;
}

/** How long REST answers take, by route and day (UTC). Answers that wait on purpose, streams and long polls, are not counted. */
export class RequestTimes {
  private routes = new Map<string, Route>();
  private day: string;
  private midnight: number;
  /** Epoch ms from which on the day is counted: midnight, or the start of the process. */
  since: number;

  constructor(private readonly clock: Clock) {
    this.since = clock.now();
    this.day = dayOf(this.since);
    this.midnight = Date.parse(this.day);
  }

  /** Day of the figures, `YYYY-MM-DD`. */
  get date(): string {
    this.turn();
    return this.day;
  }

  observe(name: string, status: number, ms: number): void {
    this.turn();
    let route = this.routes.get(name);
    if (route === undefined) {
      route = { times: new DurationHistogram(), refused: 0, failed: 0 };
      this.routes.set(name, route);
    }
    route.times.observe(ms);
    if (status >= 500) route.failed++;
    else if (status >= 400) route.refused++;
  }

  /** Today's figures, the busiest route first. */
  report(): RouteTimes[] {
    this.turn();
    const routes = [...this.routes].map(([route, { times, refused, failed }]) => ({
      route,
      requests: times.count,
      refused,
      failed,
      p50: times.quantile(0.5),
      p95: times.quantile(0.95),
      p99: times.quantile(0.99),
    }));
    return routes.toSorted((a, b) => b.requests - a.requests);
  }

  /** Takes the time of every request that passes. */
  readonly watch = (request: Request, response: Response, next: NextFunction): void => {
    const startedAt = this.clock.elapsed();
    response.once('finish', () => {
      const { path } = (request.route ?? { path: NO_ROUTE }) as { path: string };
      const waits = path.endsWith('/stream') || 'wait' in request.query;
      if (!waits)
        this.observe(
          path === NO_ROUTE ? path : `${request.method} ${path}`,
          response.statusCode,
          this.clock.elapsed() - startedAt,
        );
    });
    next();
  };

  private turn(): void {
    const now = this.clock.now();
    // the day's text is not made anew for each request
    if (now >= this.midnight && now < this.midnight + DAY_MS) return;
    this.day = dayOf(now);
    this.midnight = Date.parse(this.day);
    this.since = this.midnight;
    this.routes = new Map();
  }
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
