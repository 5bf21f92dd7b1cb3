import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchOptions } from './bench-options.js';
import { disturbance, isDisturbed, measure, type Row } from './ladder.js';
import { BASELINE, PRODUCT_MODES, STOCK, type Mode, type Segment } from './modes.js';
import { rowLine } from './table.js';
import { isBuilt, Target } from './target.js';
import { zipfWorkload, type Workload } from './workload.js';

/** Rates at which baseline and product are measured in turns, so that a calm or busy host meets both. */
const PAIRED_RATES = [25_000, 50_000];
const PAIRED_WINDOW_MS = 50;
/** The small load: 100 clients x 50 symbols x 1/s, at the product's default window. */
export const SMALL = { clients: 100, windowMs: 25, ticksPerSecond: 1 };
/** Steps disturbed by the host or by others are measured again, but a noisy host must not eat the whole time. */
const MOST_REPETITIONS = 8;
/** Time for a backlog to drain before a step is repeated. */
const REST_MS = 2_000;
/**
 * The same symbols on longer watchlists: 1,000,000/s and more without conflation at a window of 50 ms, and with it the updates
 * per write of a full market view. On 50 symbols such rates need ticks faster than that window.
 */
export const WIDE = {
  perClient: 200,
  windowMs: 50,
  rates: [1_000_000, 2_000_000],
  modes: ['stock', 'ws-msgpack', 'ws-compact'],
};
/** One rung per window. */
const QUICK_RATES: ReadonlyMap<number, number> = new Map([
  [0, 50_000],
  [50, 500_000],
  [25, 1_000_000],
  [20, 1_000_000],
]);

/** One run: which server and mode is offered which rates, in which order. */
export class FanoutBench {
  readonly rows: Row[] = [];
  readonly exact: Row[] = [];
  readonly wide: Row[] = [];
  readonly notes: string[] = [];
  private readonly workload: Workload;
  private readonly deadline: number;
  private repetitions: number;

  constructor(private readonly options: BenchOptions) {
    this.workload = zipfWorkload(options);
    this.repetitions = options.quick ? 0 : MOST_REPETITIONS;
    this.deadline = performance.now() + options.minutes * 60_000;
  }

  async run(): Promise<void> {
    const modes = [BASELINE, ...PRODUCT_MODES].filter((mode) => this.isWanted(mode));
    const isPaired = this.options.rates === undefined && modes.includes(BASELINE) && modes.includes(STOCK);
    if (this.options.rates === undefined && !this.options.quick) {
      for (const mode of modes.filter((m) => m === BASELINE || m === STOCK))
        await this.attempt(mode, () => this.measureSmallLoad(mode));
    }
    if (isPaired) await this.attempt(BASELINE, () => this.climbPaired());
    for (const mode of modes) {
      if (mode !== BASELINE || !isPaired) await this.attempt(mode, () => this.climbAll(mode, isPaired));
    }
    if (this.options.rates === undefined && !this.options.quick) await this.measureWide(modes);
  }

  /** A server that fails is reported, and the others are still measured. */
  private async attempt(mode: Mode, part: () => Promise<void>): Promise<void> {
    try {
      await part();
    } catch (error) {
      this.note(`${mode.title} failed: ${error instanceof Error ? error.message : String(error)}`);
      process.exitCode = 1;
    }
  }

  /** Each window has its own saturation: a short one writes more often, a long one conflates earlier. */
  private async climbAll(mode: Mode, isPaired: boolean): Promise<void> {
    for (const segment of this.ladderOf(mode, isPaired)) await this.climb(mode, segment);
  }

  private isWanted(mode: Mode): boolean {
    if (this.options.modes !== undefined && !this.options.modes.includes(mode.id)) return false;
    if (isBuilt(mode.server)) return true;
    this.note(`${mode.title}: left out, its server is not built`);
    return false;
  }

  private ladderOf(mode: Mode, isPaired: boolean): Segment[] {
    const { rates, windowMs, quick } = this.options;
    if (rates !== undefined) return [{ windowMs: mode === BASELINE ? 0 : windowMs, rates }];
    const measured = (segment: Segment): readonly number[] =>
      isPaired && mode === STOCK && segment.windowMs === PAIRED_WINDOW_MS ? PAIRED_RATES : [];
    return mode.ladder
      .map((segment) => ({
        ...segment,
        rates: segment.rates.filter(
          (rate) => !measured(segment).includes(rate) && (!quick || QUICK_RATES.get(segment.windowMs) === rate),
        ),
      }))
      .filter((segment) => segment.rates.length > 0);
  }

  /** Both servers are up at once; the one that is not measured has no feed. Then the baseline goes on alone. */
  private async climbPaired(): Promise<void> {
    const baseline = await this.open(BASELINE, 0, this.workload);
    let isBaselineOpen = true;
    try {
      const product = await this.open(STOCK, PAIRED_WINDOW_MS, this.workload);
      try {
        for (const rate of this.options.quick ? [50_000] : PAIRED_RATES) {
          if (isBaselineOpen && !(await this.step(baseline, rate))) {
            await baseline.close(); // its backlog would disturb the other
            isBaselineOpen = false;
          }
          await this.step(product, rate);
        }
      } finally {
        await product.close();
      }
      const rest = BASELINE.ladder[0]!.rates.filter((rate) => !PAIRED_RATES.includes(rate));
      for (const rate of this.options.quick ? [] : rest) {
        if (isBaselineOpen) isBaselineOpen = await this.step(baseline, rate);
      }
    } finally {
      await baseline.close();
    }
  }

  /** Up to saturation: rungs above it say nothing. */
  private async climb(mode: Mode, { windowMs, rates }: Segment): Promise<void> {
    if (this.isLate()) return;
    const target = await this.open(mode, windowMs, this.workload);
    try {
      for (const rate of rates) if (!(await this.step(target, rate)) && !this.options.full) return;
    } finally {
      await target.close();
    }
  }

  /** False when the server is saturated; a row that others disturbed proves nothing, so the ladder goes on. */
  private async step(
    target: Target,
    rate: number,
    { subscriptions } = this.workload,
    rows = this.rows,
  ): Promise<boolean> {
    if (this.isLate()) return false;
    let row = await this.measureOnce(target, rate, subscriptions);
    if (isDisturbed(row) && this.repetitions-- > 0) {
      this.note(`${row.title} at ${rate}/s: disturbed by ${percentOf(row)}; measured again, the calmer one kept`);
      await sleep(REST_MS);
      const again = await this.measureOnce(target, rate, subscriptions);
      if (disturbance(again) < disturbance(row)) row = again;
    }
    rows.push(row);
    if (row.disconnects > 0)
      this.note(`${row.title} at ${rate}/s: ${row.disconnects} disconnects, last: ${target.tally.lastDisconnect}`);
    return !row.saturated || isDisturbed(row);
  }

  private async measureOnce(target: Target, rate: number, subscriptions: number): Promise<Row> {
    const { warmUpSeconds, seconds, clients } = this.options;
    const row = await measure(target, { rate, clients, subscriptions, warmUpSeconds, seconds });
    console.log(rowLine(row));
    return row;
  }

  private async measureWide(modes: readonly Mode[]): Promise<void> {
    const workload = zipfWorkload({ ...this.options, perClient: WIDE.perClient });
    for (const mode of modes.filter(({ id }) => WIDE.modes.includes(id))) {
      await this.attempt(mode, async () => {
        if (this.isLate()) return;
        const target = await this.open(mode, WIDE.windowMs, workload);
        try {
          for (const rate of WIDE.rates) if (!(await this.step(target, rate, workload, this.wide))) break;
        } finally {
          await target.close();
        }
      });
    }
  }

  private async measureSmallLoad(mode: Mode): Promise<void> {
    const workload = zipfWorkload({ ...this.options, clients: SMALL.clients });
    const { subscriptions } = workload;
    const target = await this.open(mode, mode === BASELINE ? 0 : SMALL.windowMs, workload);
    try {
      const rate = subscriptions * SMALL.ticksPerSecond;
      const { warmUpSeconds, seconds } = this.options;
      const row = await measure(target, {
        rate,
        clients: SMALL.clients,
        subscriptions,
        warmUpSeconds,
        seconds,
        exact: true,
      });
      this.exact.push(row);
      console.log(rowLine(row));
    } finally {
      await target.close();
    }
  }

  private async open(mode: Mode, windowMs: number, workload: Workload): Promise<Target> {
    const { seed, symbols } = this.options;
    const target = await Target.open({ mode, windowMs, seed, symbols, subscribers: workload.subscribers });
    try {
      await target.join(workload);
      return target;
    } catch (error) {
      await target.close();
      throw error;
    }
  }

  private isLate(): boolean {
    if (performance.now() < this.deadline) return false;
    if (!this.notes.some((note) => note.startsWith('Out of time'))) this.note('Out of time: some rungs were left out');
    return true;
  }

  private note(text: string): void {
    this.notes.push(text);
    console.log(text);
  }
}

function percentOf(row: Row): string {
  return `${(row.steal * 100).toFixed(0)} % steal, ${(row.foreign * 100).toFixed(0)} % of other processes`;
}
