import type { Counter, Histogram, Meter } from '#domain';
import {
  collectDefaultMetrics,
  Counter as PromCounter,
  Gauge,
  Histogram as PromHistogram,
  Registry,
} from 'prom-client';

const PREFIX = 'tickwire_';

/** Counts in a plain number; prom-client's own increment hashes labels each time, too slow for the tick path. */
class PlainCounter implements Counter {
  total = 0;

  add(n = 1): void {
    this.total += n;
  }
}

type Labels = Readonly<Record<string, string>>;

/** One labelled series of a metric, read when metrics are collected. */
interface Series {
  readonly labels: Labels;
  read(): number;
}

/** Meters that Prometheus scrapes. Numbers are gathered when it does, so measuring costs an addition. */
export class PromMeter implements Meter {
  private readonly registry = new Registry();
  private readonly series = new Map<string, Series[]>();
  private readonly counters = new Map<string, PlainCounter>();

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** Everything in Prometheus' text format. */
  text(): Promise<string> {
    return this.registry.metrics();
  }

  /** Quantiles of a histogram in seconds, ms, each within its bucket in proportion; zeros before the first and for an unknown name. */
  async quantiles(name: string): Promise<{ count: number; p50: number; p95: number; p99: number }> {
    const metric = this.registry.getSingleMetric(PREFIX + name);
    const values = metric === undefined ? [] : (await metric.get()).values;
    const ends = values.flatMap(({ labels, value }) =>
      'le' in labels ? [{ le: Number(labels.le), upTo: value }] : [],
    );
    const at = (share: number): number => quantile(ends, share) * 1000;
    return { count: ends.at(-1)?.upTo ?? 0, p50: at(0.5), p95: at(0.95), p99: at(0.99) };
  }

  counter(name: string, help: string, labels: Labels = {}): Counter {
    const key = `${name} ${JSON.stringify(labels)}`;
    let counter = this.counters.get(key);
    if (counter === undefined) {
      const created = new PlainCounter();
      this.counters.set(key, created);
      this.total(name, help, () => created.total, labels);
      counter = created;
    }
    return counter;
  }

  histogram(name: string, help: string, buckets: readonly number[]): Histogram {
    return new PromHistogram({ name: PREFIX + name, help, buckets: [...buckets], registers: [this.registry] });
  }

  total(name: string, help: string, read: () => number, labels: Labels = {}): void {
    const series = this.join(name, { labels, read });
    if (series.length > 1) return;
    const metric = new PromCounter({
      ...this.describe(name, help, labels),
      collect() {
        metric.reset();
        for (const one of series) metric.inc(one.labels, one.read());
      },
    });
  }

  gauge(name: string, help: string, read: () => number, labels: Labels = {}): void {
    const series = this.join(name, { labels, read });
    if (series.length > 1) return;
    const metric = new Gauge({
      ...this.describe(name, help, labels),
      collect() {
        metric.reset();
        for (const one of series) metric.set(one.labels, one.read());
      },
    });
  }

  private join(name: string, series: Series): Series[] {
    const known = this.series.get(name) ?? [];
    this.series.set(name, known);
    known.push(series);
    return known;
  }

  private describe(
    name: string,
    help: string,
    labels: Labels,
  ): { name: string; help: string; labelNames: string[]; registers: Registry[] } {
    return { name: PREFIX + name, help, labelNames: Object.keys(labels), registers: [this.registry] };
  }
}

/** @param ends how many values are at most `le`, by rising `le`; the last is infinite */
function quantile(ends: readonly { readonly le: number; readonly upTo: number }[], share: number): number {
  const rank = share * (ends.at(-1)?.upTo ?? 0);
  let from = 0;
  let below = 0;
  for (const { le, upTo } of ends) {
    // beyond the last bucket nothing is known but its beginning; `+Inf` is no number
    if (!Number.isFinite(le)) return from;
    if (rank > 0 && upTo >= rank) return from + ((le - from) * (rank - below)) / (upTo - below);
    from = le;
    below = upTo;
  }
  return 0;
}
