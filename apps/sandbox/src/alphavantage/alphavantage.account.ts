import type { Clock } from '#domain';
import { BURST, DEMO, perDay, perMinute, WRONG_KEY } from './alphavantage.notices.js';

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

export type Entitlement = 'none' | 'delayed' | 'realtime';

interface Plan {
  /** US data beyond the end of the day; `realtime` has bulk quotes too. */
  readonly entitlement: Entitlement;
  readonly perMinute: number;
  readonly perDay?: number;
  /** Answered to whatever is asked. */
  readonly notice?: object;
}

const FREE: Plan = { entitlement: 'none', perMinute: 5, perDay: 25 };

/** The keys this vendor knows: three plans, and some that always meet the same obstacle. */
export const PLANS: ReadonlyMap<string, Plan> = new Map<string, Plan>([
  ['sandbox', { entitlement: 'realtime', perMinute: 1200 }],
  ['delayed', { entitlement: 'delayed', perMinute: 75 }],
  ['free', FREE],
  ['demo', { ...FREE, notice: DEMO }],
  ['burst', { ...FREE, notice: BURST }],
  ['daily-quota', { ...FREE, notice: perDay('daily-quota', 25) }],
  ['bad', { ...FREE, notice: WRONG_KEY }],
]);

/** What one key has asked of its plan: per second, clock minute and UTC day. */
export class AlphaVantageAccount {
  private calls: number[] = [];
  private day = 0;
  private today = 0;

  constructor(
    private readonly key: string,
    readonly plan: Plan,
    private readonly clock: Clock,
  ) {}

  /** Counts a call. @returns what is answered instead of data */
  ask(): object | undefined {
    const { notice, perDay: daily, perMinute: minutely } = this.plan;
    if (notice !== undefined) return notice;
    const now = this.clock.now();
    const minute = Math.floor(now / MINUTE_MS);
    const last = this.calls.at(-1) ?? 0;
    this.calls = [...this.calls.filter((at) => Math.floor(at / MINUTE_MS) === minute), now];
    if (Math.floor(now / DAY_MS) !== this.day) this.today = 0;
    this.day = Math.floor(now / DAY_MS);
    this.today++;
    if (daily === undefined) return this.calls.length > minutely ? perMinute(minutely) : undefined;
    if (this.today > daily) return perDay(this.key, daily);
    if (now - last < SECOND_MS) return BURST;
    return this.calls.length > minutely ? perMinute(minutely) : undefined;
  }
}
