import type { Listing } from '../market-model/listing.js';
import type { FyersListing } from './fyers.listings.js';
import { valuesOf } from './fyers.values.js';
import { dataMessage, liteEntry, NO_VALUE, snapshotEntry, updateEntry } from './hsm-frames.js';

/** Symbols of one connection; what is over it is passed over without a word. */
const MAX_TOPICS = 200;
/** Entries of one data message: of several, as the vendor groups them. */
const ENTRIES_PER_MESSAGE = 50;
/** The last channel whose topics start with prices only. */
const LAST_LITE_CHANNEL = 10;

interface Subscription extends FyersListing {
  readonly number: number;
  readonly channel: number;
  /** What has reached the client; undefined until a snapshot has. */
  sent: readonly number[] | undefined;
}

type PriceOf = (listing: Listing) => number;

/** What one client has subscribed, and what it has been told of it. */
export class FyersConnection {
  isAccepted = false;
  private readonly subscriptions = new Map<string, Subscription>();
  private readonly byListing = new Map<Listing, Subscription>();
  private readonly lite: Set<number>;
  private readonly paused = new Set<number>();
  private lastTopic: number;
  private lastMessage = 0;
  private updates = 0;

  /** @param firstTopic number of its first topic: connections do not share them */
  constructor(
    firstTopic: number,
    private readonly priceOf: PriceOf,
  ) {
    this.lastTopic = firstTopic - 1;
    this.lite = new Set(Array.from({ length: LAST_LITE_CHANNEL }, (_, i) => i + 1));
  }

  /** @returns whether there was room for it */
  subscribe(listing: FyersListing, channel: number): boolean {
    const { topic } = listing;
    const before = this.subscriptions.get(topic);
    if (before === undefined && this.subscriptions.size >= MAX_TOPICS) return false;
    const number = before?.number ?? ++this.lastTopic;
    const subscription: Subscription = { ...listing, number, channel, sent: undefined };
    this.subscriptions.set(topic, subscription);
    this.byListing.set(listing.listing, subscription);
    return true;
  }

  unsubscribe(topic: string): void {
    const subscription = this.subscriptions.get(topic);
    this.subscriptions.delete(topic);
    if (subscription !== undefined) this.byListing.delete(subscription.listing);
  }

  setLite(channels: readonly number[], isLite: boolean): void {
    for (const channel of channels)
      if (isLite) this.lite.add(channel);
      else this.lite.delete(channel);
  }

  setPaused(channels: readonly number[], isPaused: boolean): void {
    for (const channel of channels)
      if (isPaused) this.paused.add(channel);
      else this.paused.delete(channel);
  }

  /** Snapshots are due again, as they were asked for. */
  forget(topics: readonly string[]): void {
    for (const topic of topics) {
      const subscription = this.subscriptions.get(topic);
      if (subscription !== undefined) subscription.sent = undefined;
    }
  }

  /** Data messages for those that moved; without them, for those whose snapshot is due. */
  *messages(moved?: Iterable<Listing>): Iterable<DataMessage> {
    const listings = moved ?? this.byListing.keys();
    let entries: Buffer[] = [];
    let told: Subscription[] = [];
    for (const listing of listings) {
      const subscription = this.byListing.get(listing);
      if (subscription === undefined || this.paused.has(subscription.channel)) continue;
      if (moved === undefined && subscription.sent !== undefined) continue;
      const entry = this.entry(subscription);
      if (entry === undefined) continue;
      entries.push(entry);
      told.push(subscription);
      if (entries.length < ENTRIES_PER_MESSAGE) continue;
      yield this.message(entries, told);
      entries = [];
      told = [];
    }
    if (entries.length > 0) yield this.message(entries, told);
  }

  private message(entries: readonly Buffer[], told: readonly Subscription[]): DataMessage {
    const number = (this.lastMessage = (this.lastMessage + 1) >>> 0);
    return {
      number,
      entries: entries.length,
      bytes: dataMessage(number, entries),
      lost: () => {
        for (const subscription of told) subscription.sent = undefined;
      },
    };
  }

  private entry(subscription: Subscription): Buffer | undefined {
    const { listing, number, topic, symbol, channel, sent } = subscription;
    const values = valuesOf(listing, this.priceOf(listing));
    const { decimals, ticker } = listing.instrument;
    subscription.sent = values;
    if (sent === undefined) {
      const tradingSymbol = `${ticker}-${symbol.slice(symbol.lastIndexOf('-') + 1)}`;
      return snapshotEntry({ number, name: topic, precision: decimals, tradingSymbol }, values);
    }
    if (this.lite.has(channel)) return values[0] === sent[0] ? undefined : liteEntry(number, values[0] as number);
    const changes = values.map((value, i) => (value === sent[i] ? NO_VALUE : value));
    const last = changes.findLastIndex((value) => value !== NO_VALUE);
    if (last < 0) return undefined;
    // as far as the last change, and now and then the whole list
    return updateEntry(number, ++this.updates % 8 === 0 ? changes : changes.slice(0, last + 1));
  }
}

export interface DataMessage {
  readonly number: number;
  readonly entries: number;
  readonly bytes: Buffer;
  /** The client cannot have read it. */
  lost(): void;
}
