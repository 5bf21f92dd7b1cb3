import type { Clock, Feed, FeedStatus, Instrument, InstrumentId, SnapshotSource } from '#domain';
import { Trust } from './trust.js';

/** Something that can bring an instrument's value: a stream or a vendor that is asked. In the user's order of preference. */
export type Carrier = Feed | SnapshotSource;

export function isFeed(carrier: Carrier): carrier is Feed {
  return 'want' in carrier;
}

/** Whether a carrier can be relied on now. One that was not asked for anything yet counts as able. */
export function isAble({ state }: Pick<FeedStatus, 'state'>): boolean {
  return state !== 'stalled' && state !== 'down';
}

/** Who brings what, and whose word counts. */
export interface Distribution {
  /** What each carrier is to bring. */
  readonly carried: ReadonlyMap<Carrier, readonly Instrument[]>;
  /** Per instrument the carrier whose ticks are merged; missing where nobody is well. */
  readonly owners: ReadonlyMap<InstrumentId, Carrier>;
}

/** Share of the instruments that may move in one round to put the most wanted ones first. */
const MOVES = 0.01;

/**
 * Gives every instrument a home: the first carrier in the user's order with room, the most wanted instruments first. An instrument
 * stays where it is while that carrier has it; at most one in a hundred moves at a time. While its home fails the next carrier that is
 * well serves it too, and the home goes on being asked, so that its recovery is seen.
 */
export class Distributor {
  private readonly homes = new Map<InstrumentId, Carrier>();
  private readonly trust = new Trust();

  /** @param isHot whether an instrument is much wanted */
  constructor(
    private readonly carriers: readonly Carrier[],
    private readonly clock: Clock,
    private readonly isHot: (id: InstrumentId) => boolean,
  ) {}

  distribute(instruments: readonly Instrument[]): Distribution {
    this.settle(instruments);
    const now = this.clock.now();
    const able = new Map<Carrier, boolean>();
    const trusted = new Map<Carrier, boolean>();
    for (const carrier of this.carriers) {
      const isWell = isAble(carrier.status());
      able.set(carrier, isWell);
      trusted.set(carrier, this.trust.note(carrier.id, isWell, now));
    }
    const unserved = new Map(this.carriers.map((carrier) => [carrier, carrier.unserved()]));
    const carried = new Map<Carrier, Instrument[]>(this.carriers.map((carrier) => [carrier, []]));
    const owners = new Map<InstrumentId, Carrier>();
    for (const instrument of instruments) {
      const { id } = instrument;
      const home = this.homes.get(id);
      if (home === undefined) continue;
      carried.get(home)?.push(instrument);
      let secondBest: Carrier | undefined;
      for (const carrier of this.inOrder(home, instrument)) {
        const isWell = able.get(carrier) === true && unserved.get(carrier)?.has(id) === false;
        // an entry of its own only for what has failed alone: most never do
        const isTrusted = trusted.get(carrier) === true && this.trust.note(`${carrier.id} ${id}`, isWell, now);
        if (isTrusted) {
          owners.set(id, carrier);
          if (carrier !== home) carried.get(carrier)?.push(instrument);
          break;
        }
        if (isWell) secondBest ??= carrier;
      }
      if (owners.has(id) || secondBest === undefined) continue;
      // nobody has been well for long, but somebody is now
      owners.set(id, secondBest);
      if (secondBest !== home) carried.get(secondBest)?.push(instrument);
    }
    return { carried, owners };
  }

  /** Homes for what has none, and a few moves towards the order the user wants. */
  private settle(instruments: readonly Instrument[]): void {
    const wanted = new Set(instruments.map(({ id }) => id));
    for (const id of this.homes.keys()) if (!wanted.has(id)) this.homes.delete(id);
    const room = new Map(this.carriers.map((carrier) => [carrier, capacityOf(carrier)]));
    for (const home of this.homes.values()) room.set(home, (room.get(home) ?? 0) - 1);

    const homeless = instruments.filter(({ id }) => !this.homes.has(id));
    const [hot, others] = [homeless.filter(({ id }) => this.isHot(id)), homeless.filter(({ id }) => !this.isHot(id))];
    for (const instrument of [...hot, ...others]) {
      const able = this.carriers.filter((carrier) => carrier.carries(instrument));
      const home = able.find((carrier) => (room.get(carrier) ?? 0) > 0) ?? able[0];
      if (home === undefined) continue;
      this.homes.set(instrument.id, home);
      room.set(home, (room.get(home) ?? 0) - 1);
    }
    this.improve(instruments, room);
  }

  /** Moves much wanted instruments to the carrier they would be on if there were room, in exchange for others where there is none. */
  private improve(instruments: readonly Instrument[], room: Map<Carrier, number>): void {
    let moves = Math.floor(instruments.length * MOVES);
    if (moves === 0) return;
    for (const instrument of instruments) {
      if (moves <= 0) return;
      if (!this.isHot(instrument.id)) continue;
      const home = this.homes.get(instrument.id);
      const best = this.carriers.find((carrier) => carrier.carries(instrument));
      if (home === undefined || best === undefined || home === best) continue;
      if ((room.get(best) ?? 0) > 0) {
        room.set(best, (room.get(best) ?? 0) - 1);
        room.set(home, (room.get(home) ?? 0) + 1);
      } else {
        const isExchangeable = (other: Instrument): boolean =>
          this.homes.get(other.id) === best && !this.isHot(other.id) && home.carries(other);
        const exchanged = moves < 2 ? undefined : instruments.find(isExchangeable);
        // where all are hot, nobody gives way
        if (exchanged === undefined) return;
        this.homes.set(exchanged.id, home);
        moves--;
      }
      this.homes.set(instrument.id, best);
      moves--;
    }
  }

  private *inOrder(home: Carrier, instrument: Instrument): Iterable<Carrier> {
    yield home;
    for (const carrier of this.carriers) if (carrier !== home && carrier.carries(instrument)) yield carrier;
  }
}

function capacityOf(carrier: Carrier): number {
  return isFeed(carrier) ? carrier.capacity : Infinity;
}
