import type {
  Book,
  BookChanges,
  BookLevel,
  BookLevelChange,
  Candle,
  CandleInterval,
  CandleSnapshotMessage,
  CandleUpdateMessage,
  DepthSnapshotMessage,
  DepthUpdateMessage,
} from './contract.js';
import type { WireOptions } from './wishes.js';

/** Candles kept of one symbol and interval. */
const MAX_CANDLES = 1000;

type Taken = 'applied' | 'repeated' | 'gap';
type Step = { readonly symbol: string; readonly seq: number };

/** Order books and candles, which travel beside quotes: each a channel with its own sequence that begins with a snapshot. */
export class Channels {
  private readonly books = new Map<string, Book>();
  private readonly series = new Map<string, Map<CandleInterval, readonly Candle[]>>();
  /** Last sequence by channel; none where only a snapshot can follow. */
  private readonly sequences = new Map<string, number>();

  book(symbol: string): Book | undefined {
    return this.books.get(symbol);
  }

  /** Oldest first. */
  candles(symbol: string, interval: CandleInterval): readonly Candle[] {
    return this.series.get(symbol)?.get(interval) ?? [];
  }

  /** Another connection: what comes next is a snapshot. */
  unplace(): void {
    this.sequences.clear();
  }

  /** Forgets what nobody wants any more. */
  retain(wanted: (symbol: string) => WireOptions | undefined): void {
    for (const symbol of this.books.keys()) if (wanted(symbol)?.mode !== 'depth') this.books.delete(symbol);
    for (const [symbol, intervals] of this.series) {
      const candles = wanted(symbol)?.candles ?? [];
      for (const interval of intervals.keys()) if (!candles.includes(interval)) intervals.delete(interval);
      if (intervals.size === 0) this.series.delete(symbol);
    }
  }

  takeBook(message: DepthSnapshotMessage | DepthUpdateMessage): Taken {
    const { symbol, data } = message;
    const isSnapshot = message.type === 'depth_snapshot';
    const taken = this.follow('depth', message, isSnapshot);
    if (taken !== 'applied') return taken;
    const isWhole = isSnapshot || message.compression === 'none';
    const before = this.books.get(symbol) ?? { bids: [], asks: [] };
    this.books.set(symbol, Object.freeze(isWhole ? (data as Book) : changed(before, data as BookChanges)));
    return taken;
  }

  takeCandles(message: CandleSnapshotMessage | CandleUpdateMessage): Taken {
    const { symbol, interval } = message;
    const isSnapshot = message.type === 'candle_snapshot';
    const taken = this.follow(interval, message, isSnapshot);
    if (taken !== 'applied') return taken;
    const after = isSnapshot ? message.data : placed(this.candles(symbol, interval), message.data);
    const intervals = this.series.get(symbol) ?? new Map<CandleInterval, readonly Candle[]>();
    this.series.set(symbol, intervals.set(interval, Object.freeze(after.slice(-MAX_CANDLES))));
    return taken;
  }

  private follow(channel: string, { symbol, seq }: Step, isSnapshot: boolean): Taken {
    const key = `${channel} ${symbol}`;
    const held = this.sequences.get(key);
    if (!isSnapshot) {
      if (held === undefined || seq > held + 1) return 'gap';
      if (seq <= held) return 'repeated';
    }
    this.sequences.set(key, seq);
    return 'applied';
  }
}

function changed(before: Book, { bids = [], asks = [] }: BookChanges): Book {
  return { bids: changedSide(before.bids, bids), asks: changedSide(before.asks, asks) };
}

function changedSide(before: readonly BookLevel[], changes: readonly BookLevelChange[]): BookLevel[] {
  const after: (BookLevel | undefined)[] = [...before];
  for (const { index, ...level } of changes) after[index] = level.price === null ? undefined : (level as BookLevel);
  return after.filter((level) => level !== undefined);
}

/** A candle replaces the one of the same time, and otherwise takes its place in the order of time. */
function placed(candles: readonly Candle[], candle: Candle): Candle[] {
  let at = candles.length;
  while (at > 0 && candles[at - 1]!.time > candle.time) at--;
  const isReplaced = candles[at - 1]?.time === candle.time;
  return [...candles.slice(0, isReplaced ? at - 1 : at), candle, ...candles.slice(at)];
}
