import type { Instrument, InstrumentId } from '#domain';

export interface SocketLimits {
  readonly sockets: number;
  readonly symbolsPerSocket: number;
}

/** An open socket as the assignment sees it. */
export interface Carrying {
  readonly wanted: ReadonlyMap<InstrumentId, Instrument>;
  /** Whether it is known to bring nothing now. */
  readonly isFailing: boolean;
}

export interface Assignment {
  /** What each socket is to carry: the open ones in their order, then new ones. An empty one is not needed any more. */
  readonly sockets: readonly ReadonlyMap<InstrumentId, Instrument>[];
  /** Instruments for which no socket has room. */
  readonly unplaced: readonly InstrumentId[];
}

/**
 * Spreads instruments over as few sockets as carry them, with few moves: an instrument leaves its socket only when the socket is not
 * needed any more, or fails while another has room. Sockets that work and carry most are kept. No socket is opened in place of one
 * that fails: it tries again by itself, ever more slowly, and a new one would try at once.
 */
export function assignSockets(
  open: readonly Carrying[],
  instruments: Iterable<Instrument>,
  { sockets: most, symbolsPerSocket }: SocketLimits,
): Assignment {
  const homeless = new Map<InstrumentId, Instrument>();
  for (const instrument of instruments) homeless.set(instrument.id, instrument);
  const needed = Math.min(most, Math.ceil(homeless.size / symbolsPerSocket));

  const remaining = open.map(({ wanted }) => [...wanted.keys()].filter((id) => homeless.has(id)));
  const kept = byWorth(open, remaining).slice(0, needed);
  const sockets: Map<InstrumentId, Instrument>[] = open.map(() => new Map());
  const place = (i: number, ids: Iterable<InstrumentId>): void => {
    const socket = sockets[i] as Map<InstrumentId, Instrument>;
    for (const id of ids) {
      if (socket.size >= symbolsPerSocket) return;
      const instrument = homeless.get(id);
      if (instrument === undefined) continue;
      socket.set(id, instrument);
      homeless.delete(id);
    }
  };

  const working = kept.filter((i) => !open[i]?.isFailing);
  for (const i of working) place(i, remaining[i] ?? []);
  const failing = kept.filter((i) => open[i]?.isFailing);
  const stranded = new Set(failing.flatMap((i) => remaining[i] ?? []));
  const roaming = [...homeless.keys()].filter((id) => !stranded.has(id));
  for (let added = kept.length; added < needed; added++) working.push(sockets.push(new Map()) - 1);
  for (const i of working) place(i, roaming);
  for (const i of working) place(i, stranded);
  for (const i of failing) place(i, remaining[i] ?? []);
  for (const i of failing) place(i, homeless.keys());
  return { sockets, unplaced: [...homeless.keys()] };
}

/** Places of the open sockets, those most worth keeping first. */
function byWorth(open: readonly Carrying[], remaining: readonly (readonly InstrumentId[])[]): number[] {
  const load = (i: number): number => remaining[i]?.length ?? 0;
  const failing = (i: number): number => (open[i]?.isFailing ? 1 : 0);
  return [...open.keys()].toSorted((a, b) => failing(a) - failing(b) || load(b) - load(a) || a - b);
}
