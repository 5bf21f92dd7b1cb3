import { Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import type { Credential, HealthSource } from '#domain';
import { FeedSupervisor, isAble } from '#fetcher';
import { Sessions } from '../session/sessions.js';

/** Feeds and sources: degraded when one that is wanted fails, red when all do. */
@Injectable()
export class VendorsIndicator {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly supervisor: FeedSupervisor,
  ) {}

  check<K extends string>(key: K): HealthIndicatorResult<K> {
    const statuses = this.supervisor.statuses();
    const details = Object.fromEntries(statuses.map(({ id, ...status }) => [id, status]));
    const indicator = this.indicators.check(key);
    if (statuses.every(isAble)) return indicator.up(details);
    return statuses.some(isAble) ? indicator.degraded(details) : indicator.down(details);
  }
}

/** Access tokens: degraded in a token's last hour, red when one has expired or is missing. */
@Injectable()
export class CredentialsIndicator {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly credentials: readonly Credential[],
  ) {}

  check<K extends string>(key: K): HealthIndicatorResult<K> {
    const statuses = this.credentials.map((credential) => credential.status());
    const details = Object.fromEntries(
      statuses.map(({ vendor, state, expiresAt }) => [
        vendor,
        { state, expiresAt: expiresAt === undefined ? undefined : new Date(expiresAt).toISOString() },
      ]),
    );
    const indicator = this.indicators.check(key);
    if (statuses.some(({ state }) => state === 'expired' || state === 'missing')) return indicator.down(details);
    return statuses.some(({ state }) => state === 'expiring') ? indicator.degraded(details) : indicator.up(details);
  }
}

/** Parts that tell their own health: Redis, history, the fleet. */
@Injectable()
export class PartsIndicator {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly sources: readonly HealthSource[],
  ) {}

  /** One check for each part. */
  all(): (() => HealthIndicatorResult)[] {
    return this.sources.map((source) => () => this.check(source));
  }

  /** The same for readiness: a part that is not needed tells how it is and turns nobody away. */
  forReadiness(): (() => HealthIndicatorResult)[] {
    return this.sources.map((source) => () => this.check(source, source.isNeeded !== true));
  }

  private check(source: HealthSource, isHarmless = false): HealthIndicatorResult {
    const { state, ...details } = source.report();
    const indicator = this.indicators.check(source.name);
    if (state === 'up') return indicator.up(details);
    return state === 'degraded' || isHarmless ? indicator.degraded(details) : indicator.down(details);
  }
}

/** What the process itself can say of its health. */
export interface ProcessLimits {
  readonly maxEventLoopLagMs: number;
  readonly maxRssBytes: number;
  /** 99th percentile of recent event-loop lag, ms. */
  lag(): number;
}

@Injectable()
export class ProcessIndicator {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly limits: ProcessLimits,
  ) {}

  eventLoop<K extends string>(key: K): HealthIndicatorResult<K> {
    const lagMs = Math.round(this.limits.lag());
    const details = { lagMs, limitMs: this.limits.maxEventLoopLagMs };
    const indicator = this.indicators.check(key);
    return lagMs <= this.limits.maxEventLoopLagMs ? indicator.up(details) : indicator.down(details);
  }

  memory<K extends string>(key: K): HealthIndicatorResult<K> {
    const rssBytes = process.memoryUsage.rss();
    const details = { rssBytes, limitBytes: this.limits.maxRssBytes };
    const indicator = this.indicators.check(key);
    return rssBytes <= this.limits.maxRssBytes ? indicator.up(details) : indicator.down(details);
  }
}

/** Red from the moment the server is told to leave, so that no new client is sent here. */
@Injectable()
export class DrainIndicator {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly sessions: Sessions,
  ) {}

  check<K extends string>(key: K): HealthIndicatorResult<K> {
    const indicator = this.indicators.check(key);
    return this.sessions.isDraining ? indicator.down({ reason: 'draining' }) : indicator.up();
  }
}
