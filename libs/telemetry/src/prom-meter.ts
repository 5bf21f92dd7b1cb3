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
