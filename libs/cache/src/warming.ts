import type { Clock, HealthReport, HealthSource, InstrumentId, Log } from '#domain';
import type { QuoteReader } from './quote-reader.js';

/** Pause before what is still missing is asked for again, ms. */
const AGAIN_MS = 250;

/** Loads the first values of the essential symbols; until it has, or its time is over, the server is not ready. */
export class Warming implements HealthSource {
  readonly name = 'cache';
  private missing: readonly InstrumentId[];
  private isOver: boolean;
  private reader: QuoteReader | undefined;

  constructor(
    private readonly essential: readonly InstrumentId[],
    private readonly timeoutMs: number,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {
    this.missing = essential;
    this.isOver = essential.length === 0;
  }

  get isNeeded(): boolean {
    return !this.isOver;
  }

  report(): HealthReport {
    const { essential, reader } = this;
    // what did not come in time may have come since
    const missing = this.missing.filter((id) => reader?.knows(id) !== true);
    const state = this.isOver ? (missing.length === 0 ? 'up' : 'degraded') : 'down';
    return { state, essential: essential.length, ...(missing.length > 0 && { missing }) };
  }

  /** Resolves when the server may be ready. */
  async run(reader: QuoteReader): Promise<void> {
    if (this.isOver) return;
    this.reader = reader;
    const started = this.clock.elapsed();
    const timeIsUp = new Promise<void>((resolve) => void this.clock.after(this.timeoutMs, resolve));
    await Promise.race([this.load(reader, started + this.timeoutMs), timeIsUp]);
    this.isOver = true;
    const { missing } = this;
    if (missing.length > 0) this.log.warn({ missing }, 'ready without all essential quotes');
    else this.log.info({ ms: Math.round(this.clock.elapsed() - started) }, 'essential quotes are loaded');
  }

  private async load(reader: QuoteReader, until: number): Promise<void> {
    while (this.missing.length > 0 && this.clock.elapsed() < until) {
      const { errors } = await reader.read(this.missing);
      this.missing = errors.map(({ symbol }) => symbol);
      if (this.missing.length > 0) await new Promise<void>((resolve) => void this.clock.after(AGAIN_MS, resolve));
    }
  }
}
