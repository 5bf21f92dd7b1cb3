import type { InstrumentId } from '#domain';
import { ALL_SYMBOLS, type ControlMessage } from '#protocol';
import type { PausedSymbols } from '#fetcher';
import type { RedisConnection } from '#redis';

/** Keeps in Redis what is paused, so that it outlives the nodes. Every call rejects while Redis is away. */
export class ControlMemory {
  constructor(
    private readonly redis: RedisConnection,
    private readonly key: string,
  ) {}

  async read(): Promise<PausedSymbols> {
    return new Set(await this.redis.commands.smembers(this.key));
  }

  /** Takes an order that has been carried out. */
  async note({ action, symbols }: Pick<ControlMessage, 'action' | 'symbols'>): Promise<void> {
    const { commands } = this.redis;
    if (action === 'pause') await commands.sadd(this.key, ...symbols);
    else if (action === 'resume' && symbols.includes(ALL_SYMBOLS)) await commands.del(this.key);
    else if (action === 'resume') await commands.srem(this.key, ...symbols);
  }

  /** Replaces everything. */
  async write(paused: Iterable<InstrumentId>): Promise<void> {
    const all = [...paused];
    const transaction = this.redis.commands.multi().del(this.key);
    if (all.length > 0) transaction.sadd(this.key, ...all);
    await transaction.exec();
  }
}
