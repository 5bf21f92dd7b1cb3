import { type Instrument, type Random, type Tick, tick } from '#domain';
import { normal, seededRandom } from '../../apps/sandbox/src/market-model/seeded-random.js';
import { anInstrument } from '../support/instruments.js';
import { corrupt, type Fault, FAULTS } from './faults.js';

/** A tick of the corpus; `fault` says how it was made wrong, undefined for a good one. */
export interface CorpusTick {
  readonly tick: Tick;
  readonly fault: Fault | undefined;
}

export interface Corpus {
  readonly instruments: readonly Instrument[];
  /** In the order in which they arrive. */
  readonly ticks: readonly CorpusTick[];
  /** Good ticks that open a gap: the first of a day, or news. */
  readonly gaps: number;
}

export interface CorpusOptions {
  readonly seed: number;
  readonly good: number;
  readonly corrupted: number;
}

const SYMBOLS = 30;
/** 09:15 in India on a Thursday; the second half of the corpus is the day after. */
const OPENS = [Date.UTC(2026, 10, 19, 3, 45), Date.UTC(2026, 10, 20, 3, 45)];
const MEAN_GAP_MS = 1500;
/** Chance that a tick is news after which the price stays 2 to 7 % away. */
const NEWS = 0.002;

/** One share that trades by itself. */
class Share {
  previousClose: number;
  open: number | undefined;
  high = 0;
  low = Infinity;
  volume = 0;
  isGap = false;
  /** Day volatility, 1 to 3.5 %. */
  private readonly volatility: number;
  /** Half of its usual spread, in ticks. */
  private readonly halfSpread: number;
  private tradedAt = 0;

  constructor(
    readonly instrument: Instrument,
    private price: number,
    private readonly random: Random,
  ) {
    this.volatility = 0.01 + random() * 0.025;
    this.halfSpread = 1 + Math.floor(random() * 4);
    this.previousClose = this.onGrid(price);
  }

  /** The night: the next day opens up to some percent away. */
  sleep(): void {
    this.previousClose = this.onGrid(this.price);
    this.price *= Math.exp(Math.max(-0.12, Math.min(0.12, normal(this.random) * 0.025)));
    this.open = undefined;
    this.high = 0;
    this.low = Infinity;
    this.volume = 0;
  }

  /** Orders gather before the open: books may cross and nothing trades. */
  gather(at: number): Tick {
    const bid = this.onGrid(this.price * (1 + this.random() * 0.01));
    const ask = this.onGrid(this.price * (1 - this.random() * 0.01));
    const { previousClose } = this;
    return tick({ ...this.stamp(at), previousClose, bid, ask, bidSize: 500, askSize: 400, volume: 0 });
  }

  trade(at: number): Tick {
    const { random } = this;
    const before = this.price;
    const days = this.tradedAt === 0 ? 0 : Math.min(1, (at - this.tradedAt) / 22_500_000);
    this.tradedAt = at;
    this.price *= Math.exp(normal(random) * this.volatility * Math.sqrt(days));
    const isNews = random() < NEWS;
    if (isNews) this.price *= 1 + (random() < 0.5 ? -1 : 1) * (0.02 + random() * 0.05);
    const bounce = random() < 0.5 ? -1 : 1;
    const { tickSize } = this.instrument;
    const last = this.onGrid(this.price + bounce * Math.floor(random() * (this.halfSpread + 1)) * tickSize);
    this.isGap = this.open === undefined || isNews || Math.abs(last / before - 1) > 0.02;
    this.open ??= last;
    this.high = Math.max(this.high, last);
    this.low = Math.min(this.low, last);
    const lastSize = 1 + Math.floor(random() ** 3 * 900);
    this.volume += lastSize;
    return tick({ ...this.stamp(at), price: last, volume: this.volume, lastSize, ...this.extras(last) });
  }

  /** What vendors send now and then beside the price: the book most often, the day's values less so. */
  private extras(last: number): Partial<Tick> {
    const { random, halfSpread } = this;
    const { tickSize } = this.instrument;
    const isFirst = this.open === last && this.high === this.low;
    const book = random() < 0.8 && {
      bid: Math.max(tickSize, this.onGrid(last - (1 + Math.floor(random() * halfSpread)) * tickSize)),
      ask: this.onGrid(last + (1 + Math.floor(random() * halfSpread)) * tickSize),
      bidSize: 1 + Math.floor(random() * 5000),
      askSize: 1 + Math.floor(random() * 5000),
    };
    const day = (isFirst || random() < 0.3) && { open: this.open, high: this.high, low: this.low };
    return { ...book, ...day, ...(isFirst && { previousClose: this.previousClose }) };
  }

  private stamp(at: number): Pick<Tick, 'instrument' | 'vendor' | 'receivedAt' | 'eventTime'> {
    return { instrument: this.instrument.id, vendor: 'corpus', receivedAt: at + 20, eventTime: at };
  }

  private onGrid(price: number): number {
    const { tickSize } = this.instrument;
    return Math.round(Math.max(1, Math.round(price / tickSize)) * tickSize * 100) / 100;
  }
}

/**
 * Two trading days of 30 shares from 4 to 4,000 rupees: opening auctions with crossed books, opening gaps, news, cheap shares that move by
 * more than a percent a step; and among them the corrupted ticks, each made from a good one. The same for the same seed.
 */
export function makeCorpus({ seed, good, corrupted }: CorpusOptions): Corpus {
  const random = seededRandom(seed);
  const shares = Array.from({ length: SYMBOLS }, (_, i) => {
    const instrument = anInstrument({ id: `NSE:C${i}` });
    return new Share(instrument, i === 0 ? 4 : 40 * Math.exp(random() * Math.log(100)), random);
  });
  const goodTicks: Tick[] = [];
  let gaps = 0;
  for (const [day, opens] of OPENS.entries()) {
    if (day > 0) for (const share of shares) share.sleep();
    for (const share of shares) goodTicks.push(share.gather(opens - 60_000));
    let at = opens;
    while (goodTicks.length < (good * (day + 1)) / OPENS.length) {
      at += 1 + Math.floor((-Math.log(1 - random()) * MEAN_GAP_MS) / 10);
      const share = shares[Math.floor(random() * SYMBOLS)] as Share;
      goodTicks.push(share.trade(at));
      if (share.isGap) gaps++;
    }
  }
  return { instruments: shares.map(({ instrument }) => instrument), ticks: mix(goodTicks, corrupted, random), gaps };
}

/** Puts corrupted ticks between good ones: after each chosen tick one that was made of it. */
function mix(good: readonly Tick[], corrupted: number, random: Random): CorpusTick[] {
  const isChosen = new Set<number>();
  // the first ticks of a share are left alone: there is nothing yet to make a wrong one of
  const first = SYMBOLS * 10;
  while (isChosen.size < corrupted) {
    const index = first + Math.floor(random() * (good.length - first));
    if ((good[index] as Tick).price !== undefined) isChosen.add(index);
  }
  const mixed: CorpusTick[] = [];
  const history = new Map<string, Tick[]>();
  let made = 0;
  for (const [index, one] of good.entries()) {
    mixed.push({ tick: one, fault: undefined });
    const past = history.get(one.instrument) ?? [];
    history.set(one.instrument, past);
    if (one.price !== undefined) past.push(one);
    if (!isChosen.has(index)) continue;
    const fault = FAULTS[made++ % FAULTS.length] as Fault;
    mixed.push({ tick: corrupt(fault, one, history, random), fault });
  }
  return mixed;
}
