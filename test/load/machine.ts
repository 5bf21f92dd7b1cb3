import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';

export const SERVER_CORE = 0;
export const GENERATOR_CORE = 1;
const CLOCK_TICKS_PER_SECOND = 100; // USER_HZ, the same on every Linux Node runs on

export const canPin = availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0;

/** Puts this process, with all its threads, on the generator's core. */
export function pinGenerator(): void {
  if (canPin) execFileSync('taskset', ['-acp', String(GENERATOR_CORE), String(process.pid)], { stdio: 'ignore' });
}

/** How to start a program on the server's core. */
export function pinnedCommand(program: string, args: readonly string[]): [program: string, args: string[]] {
  return canPin ? ['taskset', ['-c', String(SERVER_CORE), program, ...args]] : [program, [...args]];
}

export function describeMachine(): string {
  const pinning = canPin
    ? `server on core ${SERVER_CORE}, load generator and feed on core ${GENERATOR_CORE}`
    : 'NOT PINNED (no taskset or one core): server and generator share cores, figures are only indicative';
  return `${cpus()[0]?.model ?? 'unknown CPU'} x ${cpus().length}, Node ${process.version}; ${pinning}`;
}

/** CPU seconds, user and system, of a process with all its threads, to 10 ms. */
export function cpuSecondsOf(pid: number): number {
  const fields = fieldsAfterName(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND;
}

/** Resident bytes of a process. */
export function rssOf(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) * 1024;
}

export interface CoreTimes {
  /** Seconds since boot that the core worked, for anyone. */
  readonly busy: number;
  /** Seconds since boot that the host took away. */
  readonly steal: number;
}

/** Times of one core; of all together when not pinned. */
export function coreTimes(core: number): CoreTimes {
  const name = canPin ? `cpu${core}` : 'cpu';
  const line = readFileSync('/proc/stat', 'utf8')
    .split('\n')
    .find((text) => text.startsWith(`${name} `));
  const [user, nice, system, , , irq, softirq, steal] = (line ?? '').split(/\s+/).slice(1).map(Number);
  const busy = (user ?? 0) + (nice ?? 0) + (system ?? 0) + (irq ?? 0) + (softirq ?? 0);
  return { busy: busy / CLOCK_TICKS_PER_SECOND, steal: (steal ?? 0) / CLOCK_TICKS_PER_SECOND };
}

/** The fields of a `stat` line from the state on; the name before may hold spaces. */
function fieldsAfterName(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
