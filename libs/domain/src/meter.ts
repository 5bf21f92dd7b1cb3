/** A count that only grows. Cheap enough for the tick path: one addition. */
export interface Counter {
  add(n?: number): void;
}

/** Durations in seconds, sizes in bytes: what `observe` takes is the unit in the metric's name. */
export interface Histogram {
  observe(value: number): void;
}

/** How libs report numbers without knowing who collects them. Names are Prometheus names without the `tickwire_` prefix. */
export interface Meter {
  counter(name: string, help: string, labels?: Readonly<Record<string, string>>): Counter;
  histogram(name: string, help: string, buckets: readonly number[]): Histogram;
  /** A count kept elsewhere; `read` runs when metrics are collected. */
  total(name: string, help: string, read: () => number, labels?: Readonly<Record<string, string>>): void;
  /** `read` runs when metrics are collected. */
  gauge(name: string, help: string, read: () => number, labels?: Readonly<Record<string, string>>): void;
}

/** Counts nothing; for tests and benchmarks that look elsewhere. */
export const silentMeter: Meter = {
  counter: () => ({ add: () => undefined }),
  histogram: () => ({ observe: () => undefined }),
  total: () => undefined,
  gauge: () => undefined,
};
