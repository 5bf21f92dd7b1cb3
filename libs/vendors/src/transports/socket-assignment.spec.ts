import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Instrument, InstrumentId } from '#domain';
import { anInstrument } from '../../../../test/support/instruments.js';
import { assignSockets, type Carrying } from './socket-assignment.js';

const LIMITS = { sockets: 4, symbolsPerSocket: 3 };
const UNIVERSE = Array.from({ length: 16 }, (_, i) => anInstrument({ id: `NSE:X${i}` }));

const mapOf = (instruments: readonly Instrument[]): ReadonlyMap<InstrumentId, Instrument> =>
  new Map(instruments.map((instrument) => [instrument.id, instrument]));
const demand = fc.subarray(UNIVERSE);

it('places each instrument once, within the limits, on as few sockets as can carry them, and moves only those of closed sockets', () => {
  fc.assert(
    fc.property(fc.array(demand, { minLength: 1, maxLength: 12 }), fc.array(fc.boolean()), (wishes, failures) => {
      let open: Carrying[] = [];
      for (const wanted of wishes) {
        const { sockets, unplaced } = assignSockets(open, wanted, LIMITS);
        const placed = sockets.flatMap((socket) => [...socket.keys()]);
        const needed = Math.min(LIMITS.sockets, Math.ceil(wanted.length / LIMITS.symbolsPerSocket));
        expect(new Set(placed).size).toBe(placed.length);
        expect(placed.length + unplaced.length).toBe(wanted.length);
        expect(unplaced.length).toBe(Math.max(0, wanted.length - LIMITS.sockets * LIMITS.symbolsPerSocket));
        for (const socket of sockets) expect(socket.size).toBeLessThanOrEqual(LIMITS.symbolsPerSocket);
        expect(sockets.filter(({ size }) => size > 0).length).toBeLessThanOrEqual(needed);
        for (const [i, before] of open.entries()) {
          if (sockets[i]?.size === 0 || before.isFailing) continue;
          const stay = [...before.wanted.keys()].filter((id) => wanted.some((one) => one.id === id));
          for (const id of stay) expect(sockets[i]?.has(id)).toBe(true);
        }
        open = sockets
          .filter(({ size }) => size > 0)
          .map((socket, i) => ({ wanted: mapOf([...socket.values()]), isFailing: failures[i] ?? false }));
      }
    }),
  );
});

it('opens no socket in place of one that fails, and moves what it carried to those with room', () => {
  const [a, b, c, d] = UNIVERSE as [Instrument, Instrument, Instrument, Instrument];
  const open = [
    { wanted: mapOf([a, b]), isFailing: true },
    { wanted: mapOf([c, d]), isFailing: false },
  ];
  expect(assignSockets(open, [a, b, c, d], LIMITS).sockets.map((socket) => [...socket.keys()])).toEqual([
    [b.id],
    [c.id, d.id, a.id],
  ]);
});

it('keeps the sockets that answer', () => {
  const [a, b, c] = UNIVERSE as [Instrument, Instrument, Instrument];
  const open = [
    { wanted: mapOf([a, b]), isFailing: true },
    { wanted: mapOf([c]), isFailing: false },
  ];
  expect(assignSockets(open, [a, b, c], LIMITS).sockets.map(({ size }) => size)).toEqual([0, 3]);
});
