import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Instrument, InstrumentId } from '#domain';
import { FakeFeed } from '../../../test/support/fake-carriers.js';
import { anInstrument } from '../../../test/support/instruments.js';
import { ManualClock } from '../../../test/support/manual-clock.js';
import { type Carrier, type Distribution, Distributor } from './distribution.js';

const names = (count: number, from = 0): Instrument[] =>
  Array.from({ length: count }, (_, i) => anInstrument({ id: `NSE:X${from + i}` }));

interface Setup {
  clock: ManualClock;
  fast: FakeFeed;
  roomy: FakeFeed;
  hot: Set<InstrumentId>;
  distributor: Distributor;
}

/** A fast vendor for 100 instruments before a roomy one. */
function setup(): Setup {
  const clock = new ManualClock();
  const [fast, roomy] = [new FakeFeed('fast', 'NSE'), new FakeFeed('roomy', '*')];
  fast.capacity = 100;
  const hot = new Set<InstrumentId>();
  return { clock, fast, roomy, hot, distributor: new Distributor([fast, roomy], clock, (id) => hot.has(id)) };
}

const idsOf = ({ carried }: Distribution, carrier: Carrier): InstrumentId[] =>
  (carried.get(carrier) ?? []).map(({ id }) => id);
const ownerOf = ({ owners }: Distribution, id: InstrumentId): string | undefined => owners.get(id)?.id;

describe('where there is no fault', () => {
  it('fills the first vendor with the most wanted, and the next with the rest', () => {
    const { fast, roomy, hot, distributor } = setup();
    const all = names(150);
    for (const { id } of all.slice(60)) hot.add(id);
    const result = distributor.distribute(all);
    expect(idsOf(result, fast)).toHaveLength(100);
    expect(idsOf(result, roomy)).toHaveLength(50);
    expect(all.slice(60).every(({ id }) => idsOf(result, fast).includes(id))).toBe(true);
    expect(ownerOf(result, 'NSE:X149')).toBe('fast');
  });

  it('moves at most one in a hundred when instruments come and go, whatever is hot', () => {
    const demand = fc.record({
      from: fc.nat({ max: 60 }),
      count: fc.integer({ min: 1, max: 400 }),
      hotFrom: fc.nat({ max: 400 }),
    });
    fc.assert(
      fc.property(fc.array(demand, { minLength: 2, maxLength: 15 }), (rounds) => {
        const { fast, hot, distributor } = setup();
        let before = new Map<InstrumentId, boolean>();
        for (const { from, count, hotFrom } of rounds) {
          hot.clear();
          for (let i = hotFrom; i < hotFrom + 50; i++) hot.add(`NSE:X${i}`);
          const all = names(count, from);
          const onFast = new Set(idsOf(distributor.distribute(all), fast));
          const moved = all.filter(({ id }) => before.has(id) && before.get(id) !== onFast.has(id));
          expect(moved.length).toBeLessThanOrEqual(count / 100);
          expect(onFast.size).toBeLessThanOrEqual(100);
          before = new Map(all.map(({ id }) => [id, onFast.has(id)]));
        }
      }),
    );
  });

  it('brings what has become hot to the first vendor, a few in each round', () => {
    const { fast, hot, distributor } = setup();
    const all = names(400);
    distributor.distribute(all);
    for (const { id } of all.slice(300, 310)) hot.add(id);
    let result = distributor.distribute(all);
    expect(all.slice(300, 310).filter(({ id }) => idsOf(result, fast).includes(id))).toHaveLength(2);
    for (let round = 0; round < 5; round++) result = distributor.distribute(all);
    expect(all.slice(300, 310).every(({ id }) => idsOf(result, fast).includes(id))).toBe(true);
    expect(idsOf(result, fast)).toHaveLength(100);
  });
});

describe('where a vendor fails', () => {
  it('has the next one serve its instruments at once, and goes on asking it', () => {
    const { fast, roomy, distributor } = setup();
    const all = names(50);
    distributor.distribute(all);
    fast.state = 'down';
    const result = distributor.distribute(all);
    expect([idsOf(result, fast).length, idsOf(result, roomy).length]).toEqual([50, 50]);
    expect(ownerOf(result, 'NSE:X1')).toBe('roomy');
  });

  it('moves only the instruments that the vendor does not serve', () => {
    const { fast, roomy, distributor } = setup();
    const all = names(50);
    distributor.distribute(all);
    fast.missing = new Set(['NSE:X3', 'NSE:X4']);
    const result = distributor.distribute(all);
    expect(idsOf(result, roomy)).toEqual(['NSE:X3', 'NSE:X4']);
    expect([ownerOf(result, 'NSE:X3'), ownerOf(result, 'NSE:X5')]).toEqual(['roomy', 'fast']);
  });

  it('goes back only after the vendor has been well for a while, longer each time', () => {
    const { clock, fast, distributor } = setup();
    const all = names(1);
    const backAfter: number[] = [];
    for (let failure = 0; failure < 4; failure++) {
      fast.state = 'down';
      expect(ownerOf(distributor.distribute(all), 'NSE:X0')).toBe('roomy');
      fast.state = 'live';
      const recovered = clock.now();
      while (ownerOf(distributor.distribute(all), 'NSE:X0') !== 'fast') clock.advance(500);
      backAfter.push(clock.now() - recovered);
    }
    expect(backAfter).toEqual([5000, 10_000, 20_000, 40_000]);
    clock.advance(600_001);
    distributor.distribute(all);
    fast.state = 'down';
    distributor.distribute(all);
    fast.state = 'live';
    distributor.distribute(all);
    clock.advance(5000);
    expect(ownerOf(distributor.distribute(all), 'NSE:X0')).toBe('fast');
  });

  it('listens to a vendor that has just recovered when nobody else is well', () => {
    const { fast, roomy, distributor } = setup();
    const all = names(1);
    roomy.state = 'down';
    fast.state = 'down';
    expect(ownerOf(distributor.distribute(all), 'NSE:X0')).toBeUndefined();
    fast.state = 'live';
    expect(ownerOf(distributor.distribute(all), 'NSE:X0')).toBe('fast');
  });
});
