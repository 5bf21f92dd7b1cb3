/** Numbers since the client was made; latencies over the last 1024 messages. */
export interface Metrics {
  readonly attempts: number;
  /** Connections that came to be live. */
  readonly connections: number;
  /** Attempts that failed, and connections that were lost. */
  readonly failures: number;
  readonly messages: number;
  readonly bytes: number;
  /** Updates applied one by one, snapshots not counted. */
  readonly updates: number;
  readonly snapshots: number;
  /** Updates that came again and were left out. */
  readonly repeated: number;
  /** Updates that did not follow what is held. */
  readonly gaps: number;
  /** Symbols asked for again because of a gap. */
  readonly repairs: number;
  /** Answers to REST polls. */
  readonly polls: number;
  readonly errors: number;
  /** Updates the server merged because this client read too slowly. */
  readonly dropped: number;
  readonly latency: Latency;
}

/** Milliseconds; undefined until something was measured. */
export interface Latency {
  /** There and back, of the last ping. */
  readonly roundTrip: number | undefined;
  /** Server's clock minus this one, from the quickest ping. */
  readonly clockOffset: number | undefined;
  /** Server's send time to here, by the server's clock. */
  readonly p50: number | undefined;
  readonly p95: number | undefined;
  readonly p99: number | undefined;
  readonly max: number | undefined;
}

export type Counter = Exclude<keyof Metrics, 'latency'>;

const SAMPLES = 1024;

export class Meter {
  private readonly counters: Record<Counter, number> = {
    attempts: 0,
    connections: 0,
    failures: 0,
    messages: 0,
    bytes: 0,
    updates: 0,
    snapshots: 0,
    repeated: 0,
    gaps: 0,
    repairs: 0,
    polls: 0,
    errors: 0,
    dropped: 0,
  };
  private readonly samples = new Float64Array(SAMPLES);
  private taken = 0;
  private roundTrip: number | undefined;
  private bestRoundTrip = Infinity;
  private offset: number | undefined;

  count(counter: Counter, by = 1): void {
    this.counters[counter] += by;
  }

  pong(sentAt: number, receivedAt: number, serverTime: number): void {
    this.roundTrip = receivedAt - sentAt;
    if (this.roundTrip > this.bestRoundTrip) return;
    this.bestRoundTrip = this.roundTrip;
    this.offset = serverTime - (sentAt + receivedAt) / 2;
  }

  /** The clocks may have drifted apart since the last connection. */
  forgetOffset(): void {
    this.bestRoundTrip = Infinity;
  }

  /** This clock's time by the server's clock. */
  serverTime(now: number): number {
    return now + (this.offset ?? 0);
  }

  /** A message the server sent at `sentAt`. Nothing is known before the first ping is answered. */
  arrived(sentAt: number, now: number): void {
    if (this.offset !== undefined)
      this.samples[this.taken++ % SAMPLES] = Math.max(0, Math.round((now + this.offset - sentAt) * 10) / 10);
  }

  read(): Metrics {
    const sorted = this.samples.slice(0, Math.min(this.taken, SAMPLES)).toSorted();
    const at = (share: number): number | undefined => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
    return {
      ...this.counters,
      latency: {
        roundTrip: this.roundTrip,
        clockOffset: this.offset,
        p50: at(0.5),
        p95: at(0.95),
        p99: at(0.99),
        max: at(1),
      },
    };
  }
}
