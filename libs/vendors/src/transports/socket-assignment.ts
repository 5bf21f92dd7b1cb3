import type { Instrument, InstrumentId } from '#domain';

export interface SocketLimits {
  readonly sockets: number;
  readonly symbolsPerSocket: number;
}

/** An open socket as the assignment sees it. */
export interface Carrying {
  readonly wanted: ReadonlyMap<InstrumentId, Instrument>;
  /** Whether it answers now. */
  readonly isLive: boolean;
}

export interface Assignment {
  /** What each socket is to carry: the open ones in their order, then new ones. An empty one is not needed any more. */
  readonly sockets: readonly ReadonlyMap<InstrumentId, Instrument>[];
  /** Instruments for which no socket has room. */
  readonly unplaced: number;
}

/**
 * Spreads instruments over as few sockets as carry them, with few moves: an instrument leaves its socket only when the socket is not
 * needed any more. Sockets that answer and carry most are kept.
 */
export function assignSockets(
  open: readonly Carrying[],
  instruments: Iterable<Instrument>,
  { sockets: most, symbolsPerSocket }: SocketLimits,
): Assignment {
  const homeless = new Map<InstrumentId, Instrument>();
  for (const instrument of instruments) homeless.set(instrument.id, instrument);
  const needed = Math.min(most, Math.ceil(homeless.size / symbolsPerSocket));

  const remaining = open.map(({ wanted }) => [...wanted.values()].filter(({ id }) => homeless.has(id)));
  const kept = byWorth(open, remaining).slice(0, needed);
  const sockets: Map<InstrumentId, Instrument>[] = open.map(() => new Map());
  for (const i of kept) {
    for (const { id } of remaining[i] ?? []) {
      // the newest description of it, not the one it was placed with
      sockets[i]?.set(id, homeless.get(id) as Instrument);
      homeless.delete(id);
    }
  }
  for (let added = kept.length; added < needed; added++) kept.push(sockets.push(new Map()) - 1);

  for (const i of kept) {
    const socket = sockets[i] as Map<InstrumentId, Instrument>;
    for (const instrument of homeless.values()) {
      if (socket.size >= symbolsPerSocket) break;
      socket.set(instrument.id, instrument);
      homeless.delete(instrument.id);
    }
  }
  return { sockets, unplaced: homeless.size };
}

/** Places of the open sockets, those most worth keeping first. */
function byWorth(open: readonly Carrying[], remaining: readonly (readonly Instrument[])[]): number[] {
  const load = (i: number): number => remaining[i]?.length ?? 0;
  const life = (i: number): number => (open[i]?.isLive ? 1 : 0);
  return [...open.keys()].toSorted((a, b) => life(b) - life(a) || load(b) - load(a) || a - b);
}
