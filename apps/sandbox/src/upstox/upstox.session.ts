import type { WebSocket } from 'ws';
import type { Listing } from '../market-model/listing.js';
import { excess, type Mode } from './upstox.limits.js';
import type { UpstoxRequest } from './upstox.request.js';
import type { Account } from './upstox.token.js';

/** One connection, and what it has asked for. */
export class UpstoxSession {
  private readonly modes = new Map<Listing, Mode>();
  /** When each listing traded as the connection last saw it; not there where the next record must be whole. */
  private readonly seenTrade = new Map<Listing, number | undefined>();
  /** Batches of live records sent. */
  batches = 0;
  lastSentAt: number;

  constructor(
    readonly socket: WebSocket,
    readonly account: Account,
    now: number,
  ) {
    this.lastSentAt = now;
  }

  modeOf(listing: Listing): Mode | undefined {
    return this.modes.get(listing);
  }

  /**
   * Does what is asked; the newest mode of a key wins. Keys nobody has are passed over.
   * @returns the listings to send a snapshot of
   * @throws Error if the connection would carry more than it may; nothing has changed then
   */
  apply({ method, mode, keys }: UpstoxRequest, byKey: ReadonlyMap<string, Listing>): Listing[] {
    const listings = [...new Set(keys)].flatMap((key) => byKey.get(key) ?? []);
    if (method === 'unsub') {
      for (const listing of listings) this.modes.delete(listing);
      return [];
    }
    const wanted = new Map(this.modes);
    for (const listing of listings) wanted.set(listing, mode);
    const reason = excess(this.account.tier, wanted.values());
    if (reason !== undefined) throw new Error(reason);
    for (const listing of listings) {
      this.modes.set(listing, mode);
      this.seenTrade.delete(listing);
    }
    return listings;
  }

  /** Whether the last trade is news here. */
  isTradeNews(listing: Listing): boolean {
    return !this.seenTrade.has(listing) || this.seenTrade.get(listing) !== listing.tradedAt;
  }

  /** Remembers what was sent. @param isReadable false when a fault has kept it from being read */
  sent(listing: Listing, isReadable: boolean): void {
    if (isReadable) this.seenTrade.set(listing, listing.tradedAt);
    else this.seenTrade.delete(listing);
  }
}
