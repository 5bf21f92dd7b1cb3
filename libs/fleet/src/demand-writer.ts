import type { InstrumentId } from '#domain';
import type { RedisConnection } from '#redis';
import type { FleetKeys } from './fleet-keys.js';

/** What is wanted of an instrument: its quote, every tick of it, or both. */
export const WANTED = 1;
export const FOLLOWED = 2;

/** Field of the hash that holds the version. */
export const VERSION_FIELD = '#';

/** The hash of a node that is not heard of expires, ms. */
const EXPIRES_MS = 5000;
/** Of one message: 20 KB at most. */
const MOST_MOVED = 500;

/**
 * Moves the hash KEYS[1] from version ARGV[1] to ARGV[2], and tells it (ARGV[5]) on the channel ARGV[4]; then come ids and wants.
 * Answers 0 when the hash is not at that version. Without ids it only lives on.
 */
const MOVE = `
local key = KEYS[1]
local version = redis.call('HGET', key, '${VERSION_FIELD}') or '0'
if version ~= ARGV[1] then return 0 end
if ARGV[1] ~= ARGV[2] then
  redis.call('HSET', key, '${VERSION_FIELD}', ARGV[2])
  for i = 6, #ARGV, 2 do
    if ARGV[i + 1] == '0' then redis.call('HDEL', key, ARGV[i]) else redis.call('HSET', key, ARGV[i], ARGV[i + 1]) end
  end
  redis.call('PUBLISH', ARGV[4], ARGV[5])
end
redis.call('PEXPIRE', key, ARGV[3])
return 1`;

type Wants = ReadonlyMap<InstrumentId, number>;

/** Keeps what this node wants in Redis: writes what has changed, and all of it where Redis does not have the version before. */
export class DemandWriter {
  /** Grows with every change written; in heartbeats it tells who listens whether it has missed one. */
  version = 0;
  private wants: Wants = new Map();
  /** What has been written whole. */
  private settled: Wants | undefined;
  private written = new Map<InstrumentId, number>();
  private writing: Promise<void> | undefined;

  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: FleetKeys,
    private readonly nodeId: string,
  ) {}

  /** How many instruments are wanted. */
  get size(): number {
    return this.wants.size;
  }

  want(wants: Wants): void {
    this.wants = wants;
  }

  /** Brings Redis up to date, and keeps it from expiring. Rejects when Redis does not answer. */
  write(): Promise<void> {
    return (this.writing ??= this.writeAll().finally(() => (this.writing = undefined)));
  }

  /** Nothing is wanted any more. */
  async end(): Promise<void> {
    await this.redis.commands.del(this.keys.demandOf(this.nodeId));
  }

  private async writeAll(): Promise<void> {
    for (let written: Wants | undefined; written !== this.wants;) {
      written = this.wants;
      await this.writeNow();
      this.settled = written;
    }
  }

  private async writeNow(): Promise<void> {
    const moved = this.moved();
    if (moved.length === 0) {
      if (await this.move(this.version, [])) return;
      await this.rewrite();
      return;
    }
    for (let at = 0; at < moved.length; at += MOST_MOVED) {
      const part = moved.slice(at, at + MOST_MOVED);
      if (!(await this.move(this.version + 1, part))) return await this.rewrite();
      for (const [id, want] of part) {
        if (want === 0) this.written.delete(id);
        else this.written.set(id, want);
      }
    }
  }

  /** Redis has lost it, or an answer of Redis was lost. */
  private async rewrite(): Promise<void> {
    const { version } = this;
    await this.end();
    this.written = new Map();
    this.settled = undefined;
    // a version nobody has heard of: who listens reads all of it again
    const wants = [...this.wants];
    this.version = version + 1;
    await this.redis.commands.hset(this.keys.demandOf(this.nodeId), VERSION_FIELD, this.version);
    for (let at = 0; at < wants.length; at += MOST_MOVED) {
      const part = wants.slice(at, at + MOST_MOVED);
      if (!(await this.move(this.version + 1, part))) throw new Error('Redis has lost it again');
      for (const [id, want] of part) this.written.set(id, want);
    }
    await this.move(this.version, []);
  }

  private moved(): [InstrumentId, number][] {
    const moved: [InstrumentId, number][] = [];
    if (this.wants === this.settled) return moved;
    for (const [id, want] of this.wants) if (this.written.get(id) !== want) moved.push([id, want]);
    for (const id of this.written.keys()) if (!this.wants.has(id)) moved.push([id, 0]);
    return moved;
  }

  private async move(to: number, part: readonly (readonly [InstrumentId, number])[]): Promise<boolean> {
    const news = JSON.stringify({
      kind: 'demand',
      node: this.nodeId,
      demand: to,
      symbols: part.map(([id]) => id),
      wants: part.map(([, want]) => want),
    });
    const { version } = this;
    const key = this.keys.demandOf(this.nodeId);
    const args = [version, to, EXPIRES_MS, this.keys.news, news, ...part.flat()];
    if ((await this.redis.commands.eval(MOVE, 1, key, ...args)) !== 1) return false;
    this.version = to;
    return true;
  }
}
