import { type Random, type Tick, tick } from '#domain';

/** The ways in which a tick of the corpus is wrong. */
export const FAULTS = [
  'decimal shift',
  'stale repeat',
  'crossed book',
  'negative',
  'swapped symbol',
  'time travel',
] as const;
export type Fault = (typeof FAULTS)[number];

const SHIFTS = [100, 10, 0.1, 0.01];

/**
 * A wrong tick, made of a good one that came just before it.
 * @param history earlier good ticks with a price, by instrument, the newest last
 */
export function corrupt(fault: Fault, good: Tick, history: ReadonlyMap<string, readonly Tick[]>, random: Random): Tick {
  const past = history.get(good.instrument) ?? [];
  const next = tick({
    ...good,
    receivedAt: good.receivedAt + 1,
    eventTime: (good.eventTime ?? good.receivedAt) + 1,
    volume: good.volume === undefined ? undefined : good.volume + 10,
  });
  switch (fault) {
    case 'decimal shift':
      return shifted(next, SHIFTS[Math.floor(random() * SHIFTS.length)] as number);
    case 'stale repeat':
      return staleRepeat(good, past, random);
    case 'crossed book':
      return crossed(tick({ ...next, volume: good.volume, lastSize: undefined }), random);
    case 'negative':
      return tick({ ...next, price: -(good.price ?? 1) });
    case 'swapped symbol':
      return swapped(next, history, random);
    case 'time travel':
      return travelled(next, random);
  }
}

/** Price and book by a power of ten, as when a vendor changes from rupees to paise. */
function shifted(next: Tick, factor: number): Tick {
  const by = (price: number | undefined): number | undefined =>
    price === undefined ? undefined : Math.round(price * factor * 100) / 100;
  return tick({ ...next, price: by(next.price), bid: by(next.bid), ask: by(next.ask) });
}

/** Half of them an earlier tick as it was, half an earlier price under the time and volume of now. */
function staleRepeat(good: Tick, past: readonly Tick[], random: Random): Tick {
  const isOther = (one: Tick): boolean => one !== good && one.price !== good.price;
  const earlier = past.slice(-40).filter(isOther);
  const old = earlier[Math.floor(random() * earlier.length)] ?? (past[0] as Tick);
  const receivedAt = good.receivedAt + 1;
  if (random() < 0.5 || !isOther(old)) return tick({ ...old, receivedAt });
  return tick({ ...good, price: old.price, bid: undefined, ask: undefined, receivedAt });
}

function crossed(next: Tick, random: Random): Tick {
  const price = next.price as number;
  const steps = 1 + Math.floor(random() * 20);
  const onGrid = (value: number): number => Math.round(Math.round(value * 20) * 5) / 100;
  return tick({ ...next, bid: onGrid(price + steps * 0.05), ask: onGrid(Math.max(0.05, price - 0.05)) });
}

/** What another share has just done, under our name. Nothing keeps it from having a price near ours. */
function swapped(next: Tick, history: ReadonlyMap<string, readonly Tick[]>, random: Random): Tick {
  const others = [...history.keys()].filter((id) => id !== next.instrument);
  const other = history.get(others[Math.floor(random() * others.length)] as string)?.at(-1) as Tick;
  const { instrument, receivedAt, eventTime } = next;
  return tick({ ...other, instrument, receivedAt, eventTime });
}

/** Up to a day back or ahead, at least a second back or ten ahead. */
function travelled(next: Tick, random: Random): Tick {
  const far = 1000 * Math.exp(random() * Math.log(86_400));
  const eventTime = next.eventTime as number;
  return tick({ ...next, eventTime: Math.round(random() < 0.5 ? eventTime - far : eventTime + 10_000 + far) });
}
