import type { CandleInterval, Mode, Quote, QuoteField, QuoteValues } from './contract.js';

/** What a subscription wants of its symbols. */
export interface SubscribeOptions {
  /** `ltp`: price, time and source only; `depth`: order books too, as `depth` events. Default `quote`. */
  readonly mode?: Mode;
  /** Only these fields; all of the mode when absent. */
  readonly fields?: readonly QuoteField[];
  /** At most this many updates of a symbol a second (0.01 to 1000); the newest value is never lost. */
  readonly maxFrequency?: number;
  /** Candles to have beside quotes; they come as `candles` events. */
  readonly candles?: readonly CandleInterval[];
}

/** How a quote changed. */
export interface Change {
  /** `update`: the next change. `snapshot`: the newest value, what lay between was merged. `poll`: read over REST. */
  readonly kind: 'snapshot' | 'update' | 'poll';
  /** Fields that differ from the quote before; null for one that is no longer known. */
  readonly values: QuoteValues;
  /** Position of the quote; both absent when polled. */
  readonly epoch?: string;
  readonly sequence?: number;
  /** When the server sent it, by the server's clock, epoch ms; when polled, when it came. */
  readonly sentAt: number;
}

export type QuoteHandler = (quote: Quote, change: Change) => void;

/** One subscription as the client keeps it. */
export interface Wish {
  readonly options: SubscribeOptions;
  readonly handler: QuoteHandler | undefined;
  readonly symbols: Set<string>;
}

/** What is asked of the server for a symbol: enough for everybody who wants it. */
export interface WireOptions {
  readonly mode: Mode;
  readonly fields?: readonly string[];
  readonly maxFrequency?: number;
  readonly candles?: readonly string[];
}

const LTP_FIELDS: readonly QuoteField[] = ['price', 'timestamp', 'stale', 'source'];

/** Fields a wish is told about; undefined for all. */
export function fieldsOf({ fields, mode }: SubscribeOptions): readonly QuoteField[] | undefined {
  return fields ?? (mode === 'ltp' ? LTP_FIELDS : undefined);
}

/** Who wants what. This is the client's whole outgoing state: what is sent follows from it, connected or not. */
export class Wishes {
  private readonly bySymbol = new Map<string, Set<Wish>>();

  add(wish: Wish, symbol: string): void {
    const set = this.bySymbol.get(symbol) ?? new Set();
    this.bySymbol.set(symbol, set.add(wish));
    wish.symbols.add(symbol);
  }

  remove(wish: Wish, symbol: string): void {
    wish.symbols.delete(symbol);
    const set = this.bySymbol.get(symbol);
    set?.delete(wish);
    if (set?.size === 0) this.bySymbol.delete(symbol);
  }

  of(symbol: string): ReadonlySet<Wish> {
    return this.bySymbol.get(symbol) ?? NOBODY;
  }

  get symbols(): readonly string[] {
    return [...this.bySymbol.keys()];
  }

  get size(): number {
    return this.bySymbol.size;
  }

  /** Undefined when nobody wants the symbol. */
  wanted(symbol: string): WireOptions | undefined {
    const wishes = this.bySymbol.get(symbol);
    return wishes === undefined ? undefined : merged([...wishes].map(({ options }) => options));
  }
}

const NOBODY: ReadonlySet<Wish> = new Set();

function merged(all: readonly SubscribeOptions[]): WireOptions {
  const frequencies = all.map(({ maxFrequency }) => maxFrequency ?? Infinity);
  const maxFrequency = Math.max(...frequencies);
  const candles = [...new Set(all.flatMap((options) => options.candles ?? []))].toSorted();
  const rest = {
    ...(maxFrequency === Infinity ? {} : { maxFrequency }),
    ...(candles.length === 0 ? {} : { candles }),
  };
  if (all.some(({ mode }) => mode === 'depth')) return { mode: 'depth', ...rest };
  if (all.every(({ mode, fields }) => mode === 'ltp' && fields === undefined)) return { mode: 'ltp', ...rest };
  const fields = new Set<string>();
  for (const options of all) {
    const some = fieldsOf(options);
    if (some === undefined) return { mode: 'quote', ...rest };
    for (const field of some) fields.add(field);
  }
  return { mode: 'quote', fields: [...fields].toSorted(), ...rest };
}
