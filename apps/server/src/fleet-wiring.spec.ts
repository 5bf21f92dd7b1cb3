import { describe, expect, it } from 'vitest';
import { type InstrumentMaster, silentLog } from '#domain';
import type { Fleet, Tenure } from '#fleet';
import { ManualClock } from '../../../test/support/manual-clock.js';
import { wireFleet } from './fleet-wiring.js';
import type { UpdateLife } from './update-wiring.js';
import type { Parts } from './wiring.js';

const nothing = (): void => undefined;
const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

describe('A node that has won the lease', () => {
  it('begins within two seconds though it cannot learn what was spent of some plan, and goes on asking', async () => {
    const clock = new ManualClock();
    const tenure: Tenure = { term: 7, epoch: 'x-7', isNew: true };
    let begins: (tenure: Tenure) => void = nothing;
    const did: string[] = [];
    let asked = 0;
    let isKnown = false;
    const ownership = {
      mayIngest: true,
      tenure,
      onChange: (listener: typeof begins) => (begins = listener),
      onState: nothing,
    };
    const health = { ingests: () => true };
    const supervisor = {
      isActive: false,
      isCarried: () => true,
      onlyWhile: nothing,
      ingest(may: boolean) {
        this.isActive = may;
        did.push(may ? 'ingest' : 'rest');
      },
    };
    const parts = {
      supervisor,
      demand: { onChange: nothing },
      hub: { offerOnly: nothing },
      job: { run: nothing },
      conflator: { mark: nothing },
      lastValues: { known: () => [] },
    } as unknown as Parts;
    const ledger = { begin: nothing, reconcile: async () => (asked++, isKnown) };
    const carried = { rewrite: nothing, write: async () => undefined };
    const fleet = { ownership, ledger, carried, health, board: { onDemand: nothing }, self: {} } as unknown as Fleet;
    const updates = { begin: async () => void did.push('begin') } as unknown as UpdateLife;
    wireFleet(parts, fleet, updates, { all: () => [] } as unknown as InstrumentMaster, clock, silentLog);
    expect(health.ingests()).toBe(false);

    begins(tenure);
    await settle();
    expect(did).toEqual(['rest']);
    for (let i = 0; i < 4; i++) {
      clock.advance(500);
      await settle();
    }
    expect(did).toEqual(['rest', 'begin', 'ingest']);
    expect(health.ingests()).toBe(true);

    const before = asked;
    isKnown = true;
    for (let i = 0; i < 4; i++) {
      clock.advance(500);
      await settle();
    }
    expect(asked).toBe(before + 1);
  });
});
