import type { InstrumentId } from '#domain';
import type { PausedSymbols } from '#fetcher';
import type { RedisConnection } from '#redis';
import type { OutsideKeys } from './outside-keys.js';

/** What is paused, and how new that is. */
export interface RememberedPauses {
  /** Grows with each order; 0 when Redis knows nothing, which is not the same as that nothing is paused. */
  readonly version: number;
  readonly paused: PausedSymbols;
}

const READ = `return {redis.call('GET', KEYS[2]) or '0', redis.call('SMEMBERS', KEYS[1])}`;

/** Replaces what is older than version ARGV[1] by the symbols after it. */
const WRITE = `
if tonumber(redis.call('GET', KEYS[2]) or 0) >= tonumber(ARGV[1]) then return 0 end
redis.call('DEL', KEYS[1])
for i = 2, #ARGV do redis.call('SADD', KEYS[1], ARGV[i]) end
redis.call('SET', KEYS[2], ARGV[1])
return 1`;

/** Keeps in Redis what is paused, so that it outlives the nodes. Every call rejects while Redis is away. */
export class ControlMemory {
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: Pick<OutsideKeys, 'paused' | 'pausedVersion'>,
  ) {}

  async read(): Promise<RememberedPauses> {
    const { paused, pausedVersion } = this.keys;
    const [version, symbols] = (await this.redis.commands.eval(READ, 2, paused, pausedVersion)) as [string, string[]];
    return { version: Number(version), paused: new Set(symbols) };
  }

  /** Replaces everything that is older. @returns false when what is there is as new */
  async write(version: number, symbols: Iterable<InstrumentId>): Promise<boolean> {
    const { paused, pausedVersion } = this.keys;
    return (await this.redis.commands.eval(WRITE, 2, paused, pausedVersion, version, ...symbols)) === 1;
  }
}
