import { Injectable } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { PerformanceLog, ReplayBuffer } from '#cache';
import { ActiveSymbolsJob, CrossCheckJob, Validation } from '#fetcher';
import { Sessions } from '#gateway';
import { Hub } from '#subscription';

const HOUSEKEEPING_MS = 1000;
const VALIDATION_MS = 2000;
const DAY_COUNTS_MS = 10_000;

/** What runs on a timer. Started after wiring, so that no job meets half a server. */
@Injectable()
export class Jobs {
  constructor(
    private readonly registry: SchedulerRegistry,
    private readonly activeSymbols: ActiveSymbolsJob,
    private readonly hub: Hub,
    private readonly replay: ReplayBuffer,
    private readonly sessions: Sessions,
    private readonly validation: Validation,
    private readonly crossChecks: CrossCheckJob,
    private readonly days: PerformanceLog,
  ) {}

  start(checkFreshness: () => void): void {
    this.every('active-symbols', this.activeSymbols.everyMs, () => this.activeSymbols.run());
    this.validation.review();
    this.every('validation', VALIDATION_MS, () => this.validation.review());
    const { everyMs } = this.crossChecks;
    if (everyMs !== undefined) this.every('cross-check', everyMs, () => void this.crossChecks.run());
    this.every('day-counts', DAY_COUNTS_MS, () => void this.days.flush());
    this.every('housekeeping', HOUSEKEEPING_MS, () => {
      this.hub.sweep();
      this.replay.sweep();
      this.sessions.sweep();
      checkFreshness();
    });
  }

  /** Nothing may be asked for of feeds that are being stopped. */
  stop(): void {
    for (const name of this.registry.getIntervals()) this.registry.deleteInterval(name);
  }

  private every(name: string, ms: number, task: () => void): void {
    this.registry.addInterval(name, setInterval(task, ms));
  }
}
