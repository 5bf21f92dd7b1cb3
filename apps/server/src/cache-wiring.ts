import { randomBytes } from 'node:crypto';
import type { INestApplicationContext } from '@nestjs/common';
import { BatchLog, PerformanceLog, QuoteCache, QuoteReader, RedisMirror, restore } from '#cache';
import type { InstrumentId, InstrumentMaster, Log } from '#domain';
import { Control, QuotePipeline, Refresher } from '#fetcher';
import type { Fleet } from '#fleet';
import { ALL_SYMBOLS } from '#protocol';
import type { RedisConnection } from '#redis';
import { Hub } from '#subscription';
import { checkFreshness, type Parts } from './wiring.js';

/** Takes what Redis still knows from before for first values. */
export async function restoreValues(
  app: INestApplicationContext,
  { lastValues, conflator }: Parts,
  master: InstrumentMaster,
  log: Log,
): Promise<void> {
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

/** What an operator has one node forget all nodes forget; the one that talks to vendors asks them for what is wanted of it. */
export function forgetTogether(
  app: INestApplicationContext,
  parts: Parts,
  { news, nodes, ownership }: Fleet,
  log: Log,
): void {
  const [reader, cache, control] = [app.get(QuoteReader), app.get(QuoteCache), app.get(Control)];
  const { nodeId: node } = ownership;

  const askAnew = (ids: readonly InstrumentId[] | undefined): void => {
    // the other nodes go by what the owner calls live
    checkFreshness(parts);
    if (!parts.supervisor.isActive) return;
    const wanted = parts.demand.wanted();
    const symbols = ids === undefined ? [ALL_SYMBOLS] : ids.filter((id) => wanted.has(id));
    if (symbols.length > 0) control.carryOut({ action: 'refresh', symbols });
  };
  const forget = async (ids: readonly InstrumentId[] | undefined): Promise<void> => {
    await reader.forget(ids);
    // what was on its way to Redis while it was deleted there
    if (ownership.mayIngest) await (ids === undefined ? cache.clear() : Promise.all(ids.map((id) => cache.delete(id))));
    askAnew(ids);
  };

  reader.onForget((ids) => {
    news.tell({ kind: 'forget', node, ...(ids && { symbols: [...ids] }) });
    // readers of other nodes cannot ask vendors
    if (nodes.all().some(({ id }) => id !== node)) askAnew(ids);
  });
  news.onNews((heard) => {
    if (heard.kind !== 'forget' || heard.node === node) return;
    forget(heard.symbols).catch((error: unknown) =>
      log.warn({ error: String(error) }, 'Redis kept some of what was to be forgotten'),
    );
  });
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
