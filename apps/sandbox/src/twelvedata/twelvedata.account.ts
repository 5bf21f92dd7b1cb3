import type { Clock } from '#domain';
import { type ErrorBody, noCredits } from './twelvedata.bodies.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

interface Plan {
  readonly category: string;
  readonly perMinute: number;
  readonly perDay: number | undefined;
  /** Symbols of the stream at a time. */
  readonly streamed: number;
  /** Answers as many symbols of a call as there are credits for, instead of none. */
  readonly isPartial?: boolean;
}

/** The keys this vendor knows. */
export const PLANS: ReadonlyMap<string, Plan> = new Map<string, Plan>([
  ['sandbox', { category: 'pro', perMinute: 610, perDay: undefined, streamed: 1500 }],
  ['free', { category: 'basic', perMinute: 8, perDay: 800, streamed: 8 }],
  ['partial', { category: 'basic', perMinute: 8, perDay: 800, streamed: 8, isPartial: true }],
]);

/** What one key has used of its plan: by clock minute and UTC day, refused calls included. */
export class TwelveDataAccount {
  private minute = 0;
  private day = 0;
  private usedInMinute = 0;
  private usedInDay = 0;

  constructor(
    readonly plan: Plan,
    private readonly clock: Clock,
  ) {}

  /** Takes credits for a call. @returns why it is refused */
  spend(credits: number): ErrorBody | undefined {
    this.turn();
    this.usedInMinute += credits;
    this.usedInDay += credits;
    const { perMinute, perDay } = this.plan;
    if (perDay !== undefined && this.usedInDay > perDay) return noCredits('day', this.usedInDay, perDay);
    return this.usedInMinute > perMinute ? noCredits('minute', this.usedInMinute, perMinute) : undefined;
  }

  headers(): Readonly<Record<string, string>> {
    this.turn();
    return {
      'api-credits-used': String(this.usedInMinute),
      'api-credits-left': String(Math.max(0, this.plan.perMinute - this.usedInMinute)),
    };
  }

  /** Body of `/api_usage`. */
  usage(): object {
    this.turn();
    const { category, perMinute, perDay } = this.plan;
    return {
      timestamp: new Date(this.clock.now()).toISOString().slice(0, 19).replace('T', ' '),
      current_usage: this.usedInMinute,
      plan_limit: perMinute,
      daily_usage: this.usedInDay,
      plan_daily_limit: perDay,
      plan_category: category,
    };
  }

  private turn(): void {
    const minute = Math.floor(this.clock.now() / MINUTE_MS);
    const day = Math.floor(this.clock.now() / DAY_MS);
    if (minute !== this.minute) this.usedInMinute = 0;
    if (day !== this.day) this.usedInDay = 0;
    this.minute = minute;
    this.day = day;
  }
}
