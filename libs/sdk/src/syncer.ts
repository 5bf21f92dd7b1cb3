import type { Clock } from './clock.js';
import type { ClientLimits, Format, SubscribedMessage } from './contract.js';
import { TickwireError } from './errors.js';
import type { Link } from './link.js';
import type { Meter } from './metrics.js';
import type { QuoteStore } from './quote-store.js';
import type { WireOptions, Wishes } from './wishes.js';

export interface SyncerOptions {
  readonly format: Format;
  readonly compression: 'none' | 'delta';
}

/** Pause before a request that failed is made again. */
const RETRY_MS = 1000;
/** Pause before symbols are asked for again that were too many for this minute. */
const LIMITED_RETRY_MS = 10_000;
/** Room for everything in a message but its symbols. */
const ENVELOPE_BYTES = 1024;

/**
 * Brings what the server has been asked for in line with what is wished. It compares two states instead of keeping a queue of messages,
 * so whatever happened while there was no connection costs one subscription per symbol, and nothing is asked for twice.
 */
export class Syncer {
  private link: Link | undefined;
  private limits: ClientLimits | undefined;
  /** Options each symbol has been asked for with on this link. */
  private readonly asked = new Map<string, string>();
  /** Options the held quotes came with: only under the same may a position be resumed. */
  private readonly heldWith = new Map<string, string>();
  /** Asked for and not answered yet. */
  private readonly awaited = new Set<string>();
  /** Repairs of a symbol since it last fitted. */
  private readonly repairs = new Map<string, number>();
  private cancel: (() => void) | undefined;

  constructor(
    private readonly wishes: Wishes,
    private readonly store: QuoteStore,
    private readonly options: SyncerOptions,
    private readonly clock: Clock,
    private readonly meter: Meter,
    private readonly onError: (error: TickwireError) => void,
    /** Called with who is still wanted, so that the rest can be forgotten. */
    private readonly onRetain: (isWanted: (symbol: string) => boolean) => void,
  ) {}

  attach(link: Link, limits: ClientLimits): void {
    this.link = link;
    this.limits = limits;
    this.flush();
  }

  detach(): void {
    this.link = undefined;
    this.asked.clear();
    this.awaited.clear();
    this.repairs.clear();
  }

  /** Something is wished that was not, or the other way round. Changes of one moment go together. */
  touch(): void {
    this.schedule(0);
  }

  /**
   * An update of the symbol does not follow what is held: the server is asked for what lies between, and if that does not help, for the whole.
   * @returns false if it has been asked already
   */
  repair(symbol: string): boolean {
    if (this.awaited.has(symbol) || !this.asked.delete(symbol)) return false;
    const repairs = (this.repairs.get(symbol) ?? 0) + 1;
    this.repairs.set(symbol, repairs);
    if (repairs > 1) this.store.unplace(symbol);
    this.meter.count('repairs');
    this.schedule(0);
    return true;
  }

  /** Nothing held can be relied on. */
  repairAll(): void {
    const symbols = [...this.asked.keys()];
    for (const symbol of symbols) {
      this.store.unplace(symbol);
      this.repair(symbol);
    }
  }

  /** An update of the symbol has been applied. */
  fits(symbol: string): void {
    if (this.repairs.size > 0) this.repairs.delete(symbol);
  }

  stop(): void {
    this.cancel?.();
  }

  private schedule(ms: number): void {
    if (this.cancel !== undefined && ms > 0) return;
    this.cancel?.();
    this.cancel = this.clock.after(ms, () => this.flush());
  }

  private flush(): void {
    this.cancel?.();
    this.cancel = undefined;
    this.onRetain((symbol) => this.wishes.of(symbol).size > 0);
    if (this.link === undefined) return;
    const gone = [...this.asked.keys()].filter((symbol) => this.wishes.of(symbol).size === 0);
    for (const symbol of gone) {
      this.asked.delete(symbol);
      this.heldWith.delete(symbol);
    }
    for (const symbols of this.chunks(gone)) void this.unsubscribe(symbols);

    const groups = new Map<string, { readonly options: WireOptions; readonly symbols: string[] }>();
    for (const symbol of this.wishes.symbols) {
      const options = this.wireOptions(symbol);
      const key = JSON.stringify(options);
      if (this.asked.get(symbol) === key) continue;
      this.asked.set(symbol, key);
      const group = groups.get(key) ?? { options, symbols: [] };
      groups.set(key, group);
      group.symbols.push(symbol);
    }
    for (const [key, { options, symbols }] of groups) {
      for (const chunk of this.chunks(symbols)) void this.subscribe(chunk, options, key);
    }
  }

  private async subscribe(symbols: readonly string[], options: WireOptions, key: string): Promise<void> {
    const link = this.link as Link;
    const sequences: Record<string, number> = {};
    for (const symbol of symbols) {
      if (this.heldWith.get(symbol) !== key) this.store.unplace(symbol);
      this.heldWith.set(symbol, key);
      const sequence = this.store.sequence(symbol);
      if (sequence !== undefined) sequences[symbol] = sequence;
      this.awaited.add(symbol);
    }
    const resume = Object.keys(sequences).length === 0 ? {} : { resume: { epoch: this.store.epoch, sequences } };
    const { format, compression } = this.options;
    const wire = format === 'compact' ? {} : { compression, batch: true };
    try {
      const answer: SubscribedMessage = await link.request('subscribe', { symbols, ...options, ...wire, ...resume });
      if (link !== this.link) return;
      for (const { symbol, code, message } of answer.rejected) this.refused(symbol, code, message);
    } catch (error) {
      if (link === this.link) this.failed(error, symbols);
    } finally {
      if (link === this.link) for (const symbol of symbols) this.awaited.delete(symbol);
    }
  }

  private async unsubscribe(symbols: readonly string[]): Promise<void> {
    const link = this.link as Link;
    try {
      await link.request('unsubscribe', { symbols });
    } catch (error) {
      // asked for again as "not wished", until the server has heard it
      if (link === this.link) this.failed(error, [], symbols);
    }
  }

  private refused(symbol: string, code: string, message: string): void {
    const isRetryable = code === 'RATE_LIMITED';
    this.onError(new TickwireError(code, message, isRetryable, symbol));
    if (!isRetryable) return;
    this.asked.delete(symbol);
    this.schedule(LIMITED_RETRY_MS);
  }

  private failed(error: unknown, subscribed: readonly string[], unsubscribed: readonly string[] = []): void {
    const reason = error instanceof TickwireError ? error : new TickwireError('TIMEOUT', String(error), true);
    this.onError(reason);
    if (!reason.retryable) return;
    for (const symbol of subscribed) this.asked.delete(symbol);
    for (const symbol of unsubscribed) if (!this.asked.has(symbol)) this.asked.set(symbol, '');
    this.schedule(RETRY_MS);
  }

  private wireOptions(symbol: string): WireOptions {
    const options = this.wishes.wanted(symbol) ?? { mode: 'quote' };
    if (this.options.format !== 'compact') return options;
    // the compact form carries whole quotes only
    const { maxFrequency } = options;
    return { mode: 'quote', ...(maxFrequency === undefined ? {} : { maxFrequency }) };
  }

  /** Lists that fit into one message, by count and by bytes. */
  private chunks(symbols: readonly string[]): string[][] {
    const { maxSymbolsPerMessage = 1000, maxMessageBytes = 65_536 } = this.limits ?? {};
    const chunks: string[][] = [];
    let room = 0;
    for (const symbol of symbols) {
      // the symbol in the list, and again with its sequence; three bytes a character at most
      const bytes = 2 * (3 * symbol.length + 4) + 16;
      let chunk = chunks.at(-1);
      if (chunk === undefined || room < bytes || chunk.length >= maxSymbolsPerMessage) {
        chunks.push((chunk = []));
        room = maxMessageBytes - ENVELOPE_BYTES;
      }
      chunk.push(symbol);
      room -= bytes;
    }
    return chunks;
  }
}
