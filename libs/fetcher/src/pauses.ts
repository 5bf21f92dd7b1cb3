import type { Clock, EpochMs, InstrumentId } from '#domain';
import { ALL_SYMBOLS } from '#protocol';

/** Symbols, each once; `all` among them stands for every symbol. */
export type PausedSymbols = ReadonlySet<InstrumentId | typeof ALL_SYMBOLS>;

/**
 * Symbols whose prices an operator has stopped. Their ticks are held back, and what is shown of them is not of now: until it is
 * resumed, and after that until the first tick.
 */
export class Pauses {
  private paused = new Set<InstrumentId>();
  private readonly resumedAt = new Map<InstrumentId, EpochMs>();
  private listener: () => void = () => undefined;

  constructor(private readonly clock: Clock) {}

  /** Whether any symbol is paused; the tick path looks at nothing else while none is. */
  get some(): boolean {
    return this.paused.size > 0;
  }

  get symbols(): PausedSymbols {
    return this.paused;
  }

  /** Whether every symbol is paused. */
  get areAll(): boolean {
    return this.paused.has(ALL_SYMBOLS);
  }

  has(id: InstrumentId): boolean {
    return this.paused.has(id) || this.areAll;
  }

  /** Whether a value that was confirmed then may have missed ticks that were held back. */
  doubts(id: InstrumentId, confirmedAt: EpochMs): boolean {
    if (this.paused.size > 0 && this.has(id)) return true;
    if (this.resumedAt.size === 0) return false;
    return confirmedAt < Math.max(this.resumedAt.get(id) ?? 0, this.resumedAt.get(ALL_SYMBOLS) ?? 0);
  }

  /** Called after each change. */
  onChange(listener: () => void): void {
    this.listener = listener;
  }

  /** Pauses symbols; `all` means those of later, too. */
  pause(symbols: Iterable<InstrumentId>): void {
    this.become(new Set([...this.paused, ...symbols]));
  }

  /** Ends the pause of symbols; `all` ends every pause. */
  resume(symbols: readonly InstrumentId[]): void {
    const left = symbols.includes(ALL_SYMBOLS) ? [] : [...this.paused].filter((id) => !symbols.includes(id));
    this.become(new Set(left));
  }

  /** Takes what is paused as others know it. */
  become(paused: PausedSymbols): void {
    const now = this.clock.now();
    let isNews = false;
    for (const id of this.paused) {
      if (paused.has(id)) continue;
      this.resumedAt.set(id, now);
      isNews = true;
    }
    for (const id of paused) if (!this.paused.has(id)) isNews = true;
    if (!isNews) return;
    this.paused = new Set(paused);
    this.listener();
  }
}
