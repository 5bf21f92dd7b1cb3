import type { Quote, QuoteValues, UpdateItem } from './contract.js';

/** What an update came to. `values` holds the fields that differ from the quote before, null for those that are gone. */
export type Outcome =
  | { readonly kind: 'applied'; readonly quote: Quote; readonly values: QuoteValues }
  | { readonly kind: 'repeated' }
  | { readonly kind: 'gap' };

interface Held {
  readonly quote: Quote;
  /** Undefined where the quote is at no position of the present epoch, so that only a snapshot can follow. */
  readonly sequence: number | undefined;
}

const REPEATED: Outcome = { kind: 'repeated' };
const GAP: Outcome = { kind: 'gap' };

/** The last quote of each symbol, whole, and its position. Applies each change once and in order, or says why not. */
export class QuoteStore {
  private readonly held = new Map<string, Held>();
  private epochNow = '';

  get epoch(): string {
    return this.epochNow;
  }

  /** Positions of another epoch mean nothing from now on; the quotes stay. */
  enter(epoch: string): void {
    if (epoch === this.epochNow) return;
    this.epochNow = epoch;
    for (const symbol of this.held.keys()) this.unplace(symbol);
  }

  quote(symbol: string): Quote | undefined {
    return this.held.get(symbol)?.quote;
  }

  /** Last sequence applied in this epoch. */
  sequence(symbol: string): number | undefined {
    return this.held.get(symbol)?.sequence;
  }

  /** Forgets the position but not the quote. */
  unplace(symbol: string): void {
    const held = this.held.get(symbol);
    if (held !== undefined) this.held.set(symbol, { quote: held.quote, sequence: undefined });
  }

  /** Forgets all symbols but those that are still wanted. */
  retain(isWanted: (symbol: string) => boolean): void {
    for (const symbol of this.held.keys()) if (!isWanted(symbol)) this.held.delete(symbol);
  }

  /** A whole quote at a position. One of the same position still counts: it may carry other fields. */
  snapshot({ symbol, seq, data }: UpdateItem, epoch: string): Outcome {
    this.enter(epoch);
    if (seq < (this.sequence(symbol) ?? 0)) return REPEATED;
    return this.replace(symbol, data, seq);
  }

  /** @param isWhole whether `data` is the whole quote, or only what changed */
  update(item: UpdateItem, isWhole: boolean): Outcome {
    const { symbol, seq, prev = seq - 1, data } = item;
    const held = this.held.get(symbol);
    if (held?.sequence === undefined) return GAP;
    if (seq <= held.sequence) return REPEATED;
    if (prev > held.sequence) return GAP;
    return isWhole ? this.replace(symbol, data, seq) : this.merge(held.quote, data, seq);
  }

  /** A whole quote that came without a position. Changes after the old position do not fit it, so that is forgotten. */
  polled(quote: Quote): Outcome {
    return this.replace(quote.symbol, quote, undefined);
  }

  private merge(before: Quote, data: QuoteValues, sequence: number): Outcome {
    const quote: Record<string, unknown> = { ...before, ...data };
    for (const field in data) if (data[field as keyof Quote] === null) delete quote[field];
    return this.hold(quote as unknown as Quote, data, sequence);
  }

  private replace(symbol: string, data: QuoteValues, sequence: number | undefined): Outcome {
    const quote = { ...data, symbol } as Quote;
    return this.hold(quote, difference(this.held.get(symbol)?.quote, quote), sequence);
  }

  private hold(quote: Quote, values: QuoteValues, sequence: number | undefined): Outcome {
    this.held.set(quote.symbol, { quote: Object.freeze(quote), sequence });
    return { kind: 'applied', quote, values };
  }
}

function difference(before: Quote | undefined, after: Quote): QuoteValues {
  if (before === undefined) return after;
  const values: Record<string, unknown> = {};
  for (const field in after) {
    const key = field as keyof Quote;
    if (after[key] !== before[key]) values[field] = after[key];
  }
  for (const field in before) if (!(field in after)) values[field] = null;
  return values;
}
