import type { Clock, Log } from '#domain';
import type { RedisConnection } from '#redis';
import type { CacheKeys } from './cache-keys.js';

const KEEP_S = 35 * 86_400;

/** Adds to counters and raises peaks of one day: KEYS[1], ARGV: seconds to keep, then `name, amount, 'add' or 'max'`. */
const WRITE = `
for i = 2, #ARGV, 3 do
  if ARGV[i + 2] == 'add' then
    redis.call('HINCRBY', KEYS[1], ARGV[i], ARGV[i + 1])
  elseif tonumber(redis.call('HGET', KEYS[1], ARGV[i]) or '0') < tonumber(ARGV[i + 1]) then
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
  end
end
redis.call('EXPIRE', KEYS[1], ARGV[1])
`;

type Day = string;
type Counters = Map<string, number>;

/** Counts of each UTC day, of the whole fleet where there is Redis, else of this process. */
export class PerformanceLog {
  /** What is not yet in Redis; without one, everything since start. */
  private readonly added = new Map<Day, Counters>();
  private readonly peaks = new Map<Day, Counters>();
  private readonly followed: { readonly name: string; readonly read: () => number; before: number }[] = [];
  private readonly watched: { readonly name: string; readonly read: () => number }[] = [];
  private isFlushing = false;

  constructor(
    private readonly keys: CacheKeys,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly redis?: RedisConnection,
  ) {}

  /** Adds to a counter of today. */
  record(name: string, n: number): void {
    if (n === 0) return;
    const counters = countersOf(this.added, this.today());
    counters.set(name, (counters.get(name) ?? 0) + Math.round(n));
  }

  /** Raises today's highest value. */
  peak(name: string, n: number): void {
    const counters = countersOf(this.peaks, this.today());
    if (n > (counters.get(name) ?? 0)) counters.set(name, Math.round(n));
  }

  /** Records how much a count kept elsewhere has grown, at every flush. */
  follow(name: string, read: () => number): void {
    this.followed.push({ name, read, before: read() });
  }

  /** Records the highest value seen at a flush. */
  watch(name: string, read: () => number): void {
    this.watched.push({ name, read });
  }

  /** Brings what has been counted to Redis. Never rejects; what cannot be brought stays for the next time. */
  async flush(): Promise<void> {
    this.collect();
    if (this.redis?.isUp !== true || this.isFlushing) return;
    this.isFlushing = true;
    try {
      for (const day of new Set([...this.added.keys(), ...this.peaks.keys()])) await this.write(day, this.redis);
    } finally {
      this.isFlushing = false;
    }
  }

  /**
   * The counters of a day.
   * @param day `2026-11-21`, UTC
   */
  async read(day: Day): Promise<Record<string, number>> {
    this.collect();
    const stored = await this.stored(day);
    for (const [name, n] of this.added.get(day) ?? []) stored[name] = (stored[name] ?? 0) + n;
    for (const [name, n] of this.peaks.get(day) ?? []) stored[name] = Math.max(stored[name] ?? 0, n);
    return stored;
  }

  private collect(): void {
    for (const count of this.followed) {
      const now = count.read();
      this.record(count.name, now - count.before);
      count.before = now;
    }
    for (const { name, read } of this.watched) this.peak(name, read());
    const oldest = new Date(this.clock.now() - KEEP_S * 1000).toISOString().slice(0, 10);
    for (const days of [this.added, this.peaks]) for (const day of days.keys()) if (day < oldest) days.delete(day);
  }

  private async write(day: Day, redis: RedisConnection): Promise<void> {
    const added = this.added.get(day) ?? new Map<string, number>();
    const peaks = this.peaks.get(day) ?? new Map<string, number>();
    if (added.size + peaks.size === 0) return;
    this.added.delete(day);
    if (day !== this.today()) this.peaks.delete(day);
    const args = [
      ...[...added].flatMap(([name, n]) => [name, n, 'add']),
      ...[...peaks].flatMap(([name, n]) => [name, n, 'max']),
    ];
    try {
      await redis.commands.eval(WRITE, 1, this.keys.performance(day), KEEP_S, ...args);
    } catch (error) {
      this.log.debug({ error: String(error) }, 'counters of the day wait for Redis');
      const counters = countersOf(this.added, day);
      for (const [name, n] of added) counters.set(name, (counters.get(name) ?? 0) + n);
    }
  }

  private async stored(day: Day): Promise<Record<string, number>> {
    if (this.redis?.isUp !== true) return {};
    const hash = await this.redis.commands.hgetall(this.keys.performance(day)).catch(() => ({}));
    return Object.fromEntries(Object.entries(hash).map(([name, n]) => [name, Number(n)]));
  }

  private today(): Day {
    return new Date(this.clock.now()).toISOString().slice(0, 10);
  }
}

function countersOf(days: Map<Day, Counters>, day: Day): Counters {
  let counters = days.get(day);
  if (counters === undefined) days.set(day, (counters = new Map()));
  return counters;
}
