import {
  type Clock,
  type Delta,
  type Instrument,
  QUOTE_FIELD_COUNT,
  type QuoteValues,
  unknownValues,
  type VendorId,
} from '#domain';

export interface ReplayLimits {
  /** How long a change is kept, ms. */
  readonly keepMs: number;
  /** Memory of all changes together. */
  readonly maxBytes: number;
}

/** One published change of an instrument: the fields that differ from the sequence before, and all values after it. */
export type Change = Pick<Delta, 'sequence' | 'changed' | 'source' | 'values'>;

const PAGE_ENTRIES = 1024;
const NONE = -1;

/** A run of changes in the order of their publication, as plain numbers. */
class Page {
  readonly wireId = new Int32Array(PAGE_ENTRIES);
  readonly sequence = new Float64Array(PAGE_ENTRIES);
  readonly changed = new Int32Array(PAGE_ENTRIES);
  /** Place in `sources`. */
  readonly source = new Uint16Array(PAGE_ENTRIES);
  /** Number of the instrument's change before this one; -1 for none. */
  readonly before = new Float64Array(PAGE_ENTRIES);
  readonly values = new Float64Array(PAGE_ENTRIES * QUOTE_FIELD_COUNT);
  /** Time of the newest change in it. */
  newestAt = 0;
}

const PAGE_BYTES = PAGE_ENTRIES * (4 + 8 + 4 + 2 + 8 + 8 * QUOTE_FIELD_COUNT);

/**
 * The published changes of the last minutes, for clients that return. One ring for all instruments, so that busy ones use what quiet ones
 * leave; in pages, so that memory follows the load. Adding copies numbers and allocates nothing but a page now and then.
 */
export class ReplayBuffer {
  private pages: Page[] = [];
  /** Number of the first change that is still kept, and of the next one. Numbers never start again. */
  private first = 0;
  private next = 0;
  /** Newest change of each instrument, by wire id. */
  private readonly newest: number[] = [];
  private readonly sources: VendorId[] = [];
  private readonly maxPages: number;

  constructor(
    private readonly clock: Clock,
    private readonly limits: ReplayLimits,
  ) {
    this.maxPages = Math.floor(limits.maxBytes / PAGE_BYTES);
  }

  get bytes(): number {
    return this.pages.length * PAGE_BYTES;
  }

  get size(): number {
    return this.next - this.first;
  }

  add(delta: Delta): void {
    if (this.maxPages === 0) return;
    this.append(delta.wireId, delta, delta.isWhole ? NONE : (this.newest[delta.wireId] ?? NONE));
  }

  /**
   * Puts changes here that came before those of the instrument that are kept, or were never here.
   * @param quote as last published
   * @param missed changes one after the other, oldest first; they may reach past the quote, or end where the kept ones go on
   * @returns false when the changes have a hole, and nothing was taken
   */
  refill(quote: Delta, missed: readonly Change[]): boolean {
    if (this.maxPages === 0) return false;
    const changes = missed.filter(({ sequence }) => sequence <= quote.sequence);
    const last = changes.at(-1)?.sequence ?? quote.sequence;
    const kept = last === quote.sequence ? 0 : this.missedSince(quote, last);
    if (kept === undefined) return false;
    for (const { sequence, changed, source, values } of kept === 0 ? [] : this.last(quote, kept))
      changes.push({ sequence, changed, source, values: values.slice() });
    if (changes.some(({ sequence }, i) => i > 0 && sequence !== (changes[i - 1] as Change).sequence + 1)) return false;
    let before = NONE;
    for (const change of changes) before = this.append(quote.wireId, change, before);
    return changes.length > 0;
  }

  /** Forgets everything: its sequences are of another epoch. */
  clear(): void {
    this.newest.length = 0;
    this.pages = [];
    this.next = Math.ceil(this.next / PAGE_ENTRIES) * PAGE_ENTRIES;
    this.first = this.next;
  }

  /** Forgets what is older than it need be. Called about once a second. */
  sweep(): void {
    const now = this.clock.now();
    let oldest = this.pages[0];
    while (oldest !== undefined && now - oldest.newestAt > this.limits.keepMs) {
      // a page that is not full yet goes too: what follows starts a new one
      if (this.pages.length === 1) this.next = Math.ceil(this.next / PAGE_ENTRIES) * PAGE_ENTRIES;
      this.drop();
      [oldest] = this.pages;
    }
  }

  /**
   * How many changes of an instrument came after a sequence; undefined when they are not all here any more.
   * @param sequence where the client is, in this epoch
   */
  missedSince({ wireId, sequence: present }: Delta, sequence: number): number | undefined {
    const missed = present - sequence;
    if (missed === 0) return 0;
    let number = this.newest[wireId] ?? NONE;
    if (missed < 0 || !Number.isInteger(sequence) || sequence < 1) return undefined;
    for (let step = 1; step < missed; step++) {
      if (number < this.first) return undefined;
      number = this.page(number).before[number % PAGE_ENTRIES] as number;
    }
    return number >= this.first && this.sequenceOf(number) === sequence + 1 ? missed : undefined;
  }

  /** The last `count` changes of an instrument, oldest first, as `missedSince` has counted them. Each is valid until the next. */
  *last(quote: Delta, count: number): Iterable<Delta> {
    const numbers = new Float64Array(count);
    let number = this.newest[quote.wireId] ?? NONE;
    for (let i = count - 1; i >= 0; i--) {
      numbers[i] = number;
      number = this.page(number).before[number % PAGE_ENTRIES] as number;
    }
    const replayed = new ReplayedDelta(quote.instrument, quote.wireId);
    for (const each of numbers) {
      const page = this.page(each);
      const index = each % PAGE_ENTRIES;
      const at = index * QUOTE_FIELD_COUNT;
      replayed.moveTo(
        page.sequence[index] as number,
        page.changed[index] as number,
        this.sources[page.source[index] as number] ?? '',
        page.values.subarray(at, at + QUOTE_FIELD_COUNT),
      );
      yield replayed;
    }
  }

  /** @returns the change's number */
  private append(wireId: number, { sequence, changed, source, values }: Change, before: number): number {
    const index = this.next % PAGE_ENTRIES;
    if (index === 0) this.turn();
    const page = this.pages.at(-1) as Page;
    page.wireId[index] = wireId;
    page.sequence[index] = sequence;
    page.changed[index] = changed;
    page.source[index] = this.sourceNumber(source);
    page.before[index] = before;
    page.values.set(values, index * QUOTE_FIELD_COUNT);
    page.newestAt = this.clock.now();
    return (this.newest[wireId] = this.next++);
  }

  private page(number: number): Page {
    return this.pages[Math.floor(number / PAGE_ENTRIES) - Math.floor(this.first / PAGE_ENTRIES)] as Page;
  }

  private sequenceOf(number: number): number {
    return this.page(number).sequence[number % PAGE_ENTRIES] as number;
  }

  /** Opens the next page; where memory is used up it is the oldest one, emptied. */
  private turn(): void {
    const recycled = this.pages.length >= this.maxPages ? this.drop() : undefined;
    this.pages.push(recycled ?? new Page());
  }

  private drop(): Page | undefined {
    this.first = Math.min(this.next, (Math.floor(this.first / PAGE_ENTRIES) + 1) * PAGE_ENTRIES);
    return this.pages.shift();
  }

  private sourceNumber(source: VendorId): number {
    const known = this.sources.indexOf(source);
    return known >= 0 ? known : this.sources.push(source) - 1;
  }
}

/** A change as it was published. */
class ReplayedDelta implements Delta {
  sequence = 0;
  changed = 0;
  source: VendorId = '';
  values: QuoteValues = unknownValues();
  readonly isWhole = false;
  readonly previous: QuoteValues = unknownValues();

  constructor(
    readonly instrument: Instrument,
    readonly wireId: number,
  ) {}

  moveTo(sequence: number, changed: number, source: VendorId, values: QuoteValues): void {
    if (this.sequence !== 0) this.previous.set(this.values);
    this.sequence = sequence;
    this.changed = changed;
    this.source = source;
    this.values = values;
  }
}
