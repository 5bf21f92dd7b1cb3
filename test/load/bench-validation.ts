import { LastValueStore } from '#cache';
import { Epoch, InstrumentMaster, silentMeter, systemClock, type Tick } from '#domain';
import {
  Accuracy,
  checkTick,
  crossCheck,
  deepCheck,
  DeepTier,
  Arrivals,
  QuotePipeline,
  Rejections,
  type Sighting,
  Validation,
  ValidationPolicy,
  Watches,
} from '#fetcher';
import { makeCorpus } from '../corpus/corpus.js';
import { evaluate } from '../corpus/evaluate.js';
import { markdown } from './table.js';

/**
 * What each validation tier costs, beside its budget, and how well the tiers tell good ticks from corrupted ones.
 * The ticks are the good ones of the corpus, in their order, over and over; nothing is sent.
 */
const ROUNDS = 15;
const LIMITS = { band: 0.4, maxAheadMs: 5000 };

const corpus = makeCorpus({ seed: 1, good: 10_000, corrupted: 1000 });
const good = corpus.ticks.filter(({ fault }) => fault === undefined).map(({ tick }) => tick);

interface Setup {
  readonly store: LastValueStore;
  readonly watches: Watches;
  readonly pipeline: QuotePipeline;
}

function aSetup(isDeep: boolean): Setup {
  const store = new LastValueStore(new InstrumentMaster(corpus.instruments), new Epoch('bench'));
  const rejections = new Rejections(systemClock, silentMeter);
  const watches = new Watches(rejections);
  const deep = new DeepTier(watches, rejections);
  const arrivals = new Arrivals(systemClock);
  const sink = { mark: () => undefined };
  const pipeline = new QuotePipeline(store, sink, rejections, arrivals, LIMITS, silentMeter, deep);
  if (isDeep) for (const { id } of corpus.instruments) watches.watch(store.peek(id)!);
  return { store, watches, pipeline };
}

/** Best of several rounds over all good ticks, in microseconds a tick: noise only ever adds. */
function best(prepare: () => (tick: Tick) => unknown): number {
  let fastest = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const step = prepare();
    const started = performance.now();
    for (const tick of good) step(tick);
    fastest = Math.min(fastest, performance.now() - started);
  }
  return (fastest * 1000) / good.length;
}

/** A store that has seen all ticks, so that checks alone are measured. */
function seen(isDeep: boolean): Setup {
  const setup = aSetup(isDeep);
  for (const tick of good) setup.pipeline.tick(tick);
  return setup;
}

const tierOne = best(() => {
  const { store } = seen(false);
  return (tick) => checkTick(tick, store.peek(tick.instrument)!, LIMITS);
});
const tierTwo = best(() => {
  const sighting = ({ price = 1, eventTime }: Tick): Sighting => ({ price, eventTime, step: undefined });
  let before = good[0] as Tick;
  return (tick) => {
    const verdict = crossCheck(sighting(before), sighting(tick), before.price ?? 1);
    before = tick;
    return verdict;
  };
});
const tierThree = best(() => {
  const { watches } = seen(true);
  return (tick) => {
    const { state, memory, suspects } = watches.get(tick.instrument)!;
    return deepCheck(tick, state, memory, suspects);
  };
});
const path = (isDeep: boolean): number =>
  best(() => {
    const { pipeline } = aSetup(isDeep);
    return (tick) => pipeline.tick(tick);
  });

/** The regular round, in microseconds an instrument. */
function reviewCost(): number {
  const { store, watches, pipeline } = seen(true);
  const accuracy = new Accuracy(systemClock);
  const policy = new ValidationPolicy([], () => false, accuracy);
  const validation = new Validation(store, pipeline, watches, policy, accuracy, systemClock);
  validation.review();
  const started = performance.now();
  for (let i = 0; i < 100; i++) validation.review();
  return (((performance.now() - started) / 100) * 1000) / corpus.instruments.length;
}

const times: [string, number, number, string][] = [
  ['tier 1: checkTick', tierOne, 5, 'aim < 10 us'],
  ['tier 2: crossCheck, the answer of the second vendor at hand', tierTwo, 20, ''],
  ['tier 3: deepCheck', tierThree, 50, 'aim < 10 us'],
  ['check, merge and mark, normal tier', path(false), 5, 'aim < 10 us'],
  ['check, merge and mark, critical tier', path(true), 50, 'aim < 10 us'],
];
const timeRows = times.map(([name, us, budgetMs, aim]) => {
  const isMet = us < budgetMs * 1000 && (aim === '' || us < 10);
  return [name, us.toFixed(3), `${budgetMs} ms`, aim, isMet ? 'met' : 'MISSED'];
});
const qualityRows = [false, true].map((isDeep) => {
  const { recall, precision, falseRejections, held, missed } = evaluate(corpus, isDeep);
  const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;
  const left = Object.entries(missed).map(([fault, count]) => `${count} ${fault}`);
  return [
    isDeep ? 'tiers 1 and 3 (critical)' : 'tier 1 (normal)',
    percent(recall),
    percent(precision),
    percent(falseRejections),
    `${held}`,
    left.join(', '),
  ];
});

console.log(markdown(['step', 'us a tick', 'budget', 'aim', ''], timeRows));
console.log(`\nreview of tiers and accuracy: ${reviewCost().toFixed(2)} us an instrument, every 2 s\n`);
console.log(
  markdown(
    ['10,000 good and 1,000 corrupted ticks', 'recall', 'precision', 'false rejections', 'held', 'missed'],
    qualityRows,
  ),
);
