import { randomBytes } from 'node:crypto';
import type { INestApplicationContext } from '@nestjs/common';
import { BatchLog, PerformanceLog, QuoteCache, QuoteReader, RedisMirror, restore } from '#cache';
import type { InstrumentMaster, Log } from '#domain';
import { QuotePipeline, Refresher } from '#fetcher';
import type { RedisConnection } from '#redis';
import { Hub } from '#subscription';
import type { Parts } from './wiring.js';

/** How long a start waits for Redis to answer at all, ms. */
const REDIS_WITHIN_MS = 1000;

/** Takes what Redis still knows from before for first values; a Redis that is away holds the start up for a second at most. */
export async function restoreValues(
  app: INestApplicationContext,
  { lastValues, conflator }: Parts,
  redis: RedisConnection | undefined,
  master: InstrumentMaster,
  log: Log,
): Promise<void> {
  if (redis === undefined || !(await redis.settled(REDIS_WITHIN_MS))) return;
  const ids = [...master.all()].map(({ id }) => id);
  const restored = await restore(ids, lastValues, app.get(QuoteCache));
  for (const state of restored) conflator.mark(state);
  if (restored.length > 0) log.info({ quotes: restored.length }, 'first values come from Redis');
}

/** The shared cache follows the tick path; nothing waits for it. @param mayWrite whether this node is the one that writes */
export function wireCache(app: INestApplicationContext, mayWrite: () => boolean): void {
  const mirror = app.get(RedisMirror);
  mirror.writesWhile(mayWrite);
  mirror.start();
}

/** What is counted for each day, and how vendor calls went. */
export function keepCounts(app: INestApplicationContext, redis: RedisConnection | undefined): void {
  const days = app.get(PerformanceLog);
  const { served } = app.get(QuoteReader);
  const { counts, clients } = app.get(Hub);
  const pipeline = app.get(QuotePipeline);
  const node = randomBytes(3).toString('hex');
  const batches = redis && new BatchLog(app.get(QuoteCache).keys, node, redis);
  for (const layer of ['l1', 'l2', 'l3', 'l4', 'failed'] as const) days.follow(`reads.${layer}`, () => served[layer]);
  days.follow('ticks', () => [...pipeline.merged()].reduce((sum, [, merged]) => sum + merged, 0));
  days.follow('updates', () => counts.updates);
  days.watch('connectionsPeak', () => clients.size);
  app.get(Refresher).onBatch((batch) => {
    batches?.note(batch);
    days.record('vendorCalls', 1);
    if (batch.failed.size === batch.symbols.length) days.record('vendorErrors', 1);
  });
}
