import { LastValueStore } from '#cache';
import { Epoch, InstrumentMaster, type RejectReason, silentMeter, type Tick } from '#domain';
import { Arrivals, DeepTier, QuotePipeline, Rejections, Watches } from '#fetcher';
import { ManualClock } from '../support/manual-clock.js';
import type { Corpus, CorpusTick } from './corpus.js';
import type { Fault } from './faults.js';

/** What became of the ticks of a corpus. */
export interface Evaluation {
  /** Share of the corrupted ticks that were refused, as a whole or in the part that was wrong. */
  readonly recall: number;
  /** Share of the refused ticks that were corrupted. */
  readonly precision: number;
  /** Share of the good ticks that were refused. */
  readonly falseRejections: number;
  readonly missed: Readonly<Record<string, number>>;
  readonly falseReasons: readonly RejectReason[];
  /** Good ticks that waited for a second one, and were then served. */
  readonly held: number;
}

/** Knows which ticks were refused, not only how many. */
class NotedRejections extends Rejections {
  readonly noted = new Map<Tick, RejectReason>();

  override count(tick: Tick, reason: RejectReason): void {
    this.noted.set(tick, reason);
    super.count(tick, reason);
  }
}

/** Sends a corpus through the pipeline. @param isDeep whether every instrument is critical */
export function evaluate(corpus: Corpus, isDeep: boolean): Evaluation {
  const first = corpus.ticks[0] as CorpusTick;
  const clock = new ManualClock(first.tick.receivedAt);
  const store = new LastValueStore(new InstrumentMaster(corpus.instruments), new Epoch('corpus'));
  const rejections = new NotedRejections(clock, silentMeter);
  const watches = new Watches(rejections);
  const pipeline = new QuotePipeline(
    store,
    { mark: () => undefined },
    rejections,
    new Arrivals(clock),
    { band: 0.4, maxAheadMs: 5000 },
    silentMeter,
    new DeepTier(watches, rejections),
  );
  if (isDeep) for (const { id } of corpus.instruments) watches.watch(store.peek(id)!);
  const waiting = new Set<Tick>();
  for (const { tick, fault } of corpus.ticks) {
    clock.advance(tick.receivedAt - clock.now());
    watches.expire(clock.now());
    const reason = pipeline.tick(tick);
    if (fault === undefined && reason === 'outlier') waiting.add(tick);
  }
  for (const { id } of corpus.instruments) watches.unwatch(id);
  return summary(corpus.ticks, rejections.noted, waiting);
}

function summary(
  ticks: readonly CorpusTick[],
  noted: ReadonlyMap<Tick, RejectReason>,
  waiting: ReadonlySet<Tick>,
): Evaluation {
  const missed: Record<string, number> = {};
  const falseReasons: RejectReason[] = [];
  let caught = 0;
  let corrupted = 0;
  for (const { tick, fault } of ticks) {
    const reason = noted.get(tick);
    if (fault === undefined) {
      if (reason !== undefined) falseReasons.push(reason);
      continue;
    }
    corrupted++;
    if (reason === undefined) missed[fault satisfies Fault] = (missed[fault] ?? 0) + 1;
    else caught++;
  }
  return {
    recall: caught / corrupted,
    precision: caught / (caught + falseReasons.length),
    falseRejections: falseReasons.length / (ticks.length - corrupted),
    missed,
    falseReasons,
    held: [...waiting].filter((tick) => !noted.has(tick)).length,
  };
}
