import { setTimeout as sleep } from 'node:timers/promises';
import { coreTimes, GENERATOR_CORE, SERVER_CORE, type CoreTimes } from './machine.js';
import type { Target } from './target.js';

/** A step is past saturation when its p99 is longer, ms, ... */
const SATURATED_P99_MS = 500;
/** ... or when a smaller share arrives of what a nominal conflation window lets through. */
const SATURATED_DELIVERED = 0.97;

/** Past these shares of a core a row is not to be trusted. */
export const STEAL_LIMIT = 0.05;
export const FOREIGN_LIMIT = 0.1;

export interface StepPlan {
  /** Deliveries a second to offer. */
  readonly rate: number;
  readonly clients: number;
  /** Sum of all watchlists: deliveries per tick of every symbol. */
  readonly subscriptions: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** Begin and end with a silent feed, so that every single delivery can be accounted for. */
  readonly exact?: boolean;
}

/** One measured step. Rates are per second; shares are of 1. */
export interface Row {
  readonly server: 'baseline' | 'product';
  readonly mode: string;
  readonly title: string;
  readonly windowMs: number;
  readonly clients: number;
  readonly rate: number;
  readonly offered: number;
  readonly expected: number;
  readonly delivered: number;
  readonly deliveredOfExpected: number;
  readonly conflated: number;
  readonly cpuPerMillion: number;
  readonly core: number;
  readonly p50: number | undefined;
  readonly p99: number | undefined;
  readonly max: number | undefined;
  readonly samples: number;
  readonly bytesPerUpdate: number;
  readonly updatesPerMessage: number;
  readonly snapshots: number;
  readonly slowNotices: number;
  readonly disconnects: number;
  readonly generatorCore: number;
  /** Worse of the two cores. */
  readonly steal: number;
  /** Share of the server's core that other processes used. */
  readonly foreign: number;
  readonly saturated: boolean;
}

/** Offers one rate to a target and says what came of it. Leaves the feed silent. */
export async function measure(target: Target, plan: StepPlan): Promise<Row> {
  const ticksPerSecond = plan.rate / plan.subscriptions;
  target.tally.sampleFor(plan.rate);
  target.setRate(ticksPerSecond);
  await sleep(plan.warmUpSeconds * 1_000);
  if (plan.exact) await silence(target);
  target.tally.latency.reset();
  const before = read(target);
  target.setRate(ticksPerSecond);
  await sleep(plan.seconds * 1_000);
  if (plan.exact) await silence(target);
  const row = compare(target, plan, before, read(target));
  target.setRate(0);
  return row;
}

/** Whether the host or other processes took so much of the cores that the step should be repeated. */
export function isDisturbed(row: Row): boolean {
  return row.steal > STEAL_LIMIT || row.foreign > FOREIGN_LIMIT;
}

export function disturbance(row: Row): number {
  return row.steal + row.foreign;
}

/** Stops the feed and waits until what is under way has arrived. */
async function silence(target: Target): Promise<void> {
  target.setRate(0);
  await sleep(1_000);
}

interface Reading {
  readonly at: number;
  readonly offered: number;
  readonly expected: number;
  readonly updates: number;
  readonly messages: number;
  readonly bytes: number;
  readonly snapshots: number;
  readonly slowNotices: number;
  readonly disconnects: number;
  readonly serverCpu: number;
  readonly generatorCpu: number;
  readonly serverCore: CoreTimes;
  readonly generatorCore: CoreTimes;
}

function read({ tally, server, feed }: Target): Reading {
  const { user, system } = process.cpuUsage();
  const { updates, messages, bytes, snapshots, slowNotices, disconnects } = tally;
  const { offered, expected } = feed.totals();
  return {
    at: performance.now() / 1_000,
    offered,
    expected,
    updates,
    messages,
    bytes,
    snapshots,
    slowNotices,
    disconnects,
    serverCpu: server.cpuSeconds(),
    generatorCpu: (user + system) / 1e6,
    serverCore: coreTimes(SERVER_CORE),
    generatorCore: coreTimes(GENERATOR_CORE),
  };
}

function compare({ options, tally }: Target, plan: StepPlan, before: Reading, after: Reading): Row {
  const { mode, windowMs } = options;
  const difference = (key: Exclude<keyof Reading, 'serverCore' | 'generatorCore'>): number => after[key] - before[key];
  const elapsed = difference('at');
  const fedSeconds = plan.exact ? plan.seconds : elapsed;
  const updates = difference('updates');
  const cpu = difference('serverCpu');
  const deliveredOfExpected = updates / Math.max(1, difference('expected'));
  const { latency } = tally;
  const p99 = latency.quantile(0.99);
  const steal = (core: 'serverCore' | 'generatorCore'): number => (after[core].steal - before[core].steal) / elapsed;
  return {
    server: mode.server,
    mode: mode.id,
    title: mode.title,
    windowMs,
    clients: plan.clients,
    rate: plan.rate,
    offered: difference('offered') / fedSeconds,
    expected: difference('expected') / fedSeconds,
    delivered: updates / fedSeconds,
    deliveredOfExpected,
    conflated: 1 - updates / Math.max(1, difference('offered')),
    cpuPerMillion: (cpu / Math.max(1, updates)) * 1e6,
    core: cpu / elapsed,
    p50: latency.quantile(0.5),
    p99,
    max: latency.quantile(1),
    samples: latency.count,
    bytesPerUpdate: difference('bytes') / Math.max(1, updates),
    updatesPerMessage: updates / Math.max(1, difference('messages')),
    snapshots: difference('snapshots'),
    slowNotices: difference('slowNotices'),
    disconnects: difference('disconnects'),
    generatorCore: difference('generatorCpu') / elapsed,
    steal: Math.max(steal('serverCore'), steal('generatorCore')),
    foreign: Math.max(0, (after.serverCore.busy - before.serverCore.busy - cpu) / elapsed),
    saturated:
      (p99 ?? 0) > SATURATED_P99_MS || deliveredOfExpected < SATURATED_DELIVERED || difference('disconnects') > 0,
  };
}
