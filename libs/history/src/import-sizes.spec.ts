import { describe, expect, it } from 'vitest';
import { RowReader, type TickRow } from './import-row.js';
import { ImportSizes } from './import-sizes.js';
import { FileTimes } from './import-time.js';

const times = new FileTimes('Asia/Kolkata');
const latest = Date.UTC(2026, 10, 21);
const reader = new RowReader({ names: {}, symbol: 'NSE:TCS', vendor: 'import', times, latest });

function row(clock: string, volume: number, late = ''): TickRow {
  const read = reader.read({ time: `2026-11-20 ${clock}`, price: '100', volume: String(volume), late });
  if (typeof read === 'string') throw new Error(read);
  return read;
}

describe('what rows traded is worked out', () => {
  it('from row to row, and a late one takes its part from the one behind it', () => {
    const sizes = new ImportSizes(false);
    expect(sizes.of(row('10:00:00', 1000))).toMatchObject({ size: NaN });
    expect(sizes.of(row('10:00:09', 1010))).toMatchObject({ size: 10 });
    const late = { ...row('10:00:05', 1004, '1') };
    const told = { ...late, tick: { ...late.tick, eventTime: late.time, receivedAt: late.time + 5000 } };
    const [to, from] = [late.time, late.time + 4000];
    expect(sizes.of(told)).toMatchObject({ size: 0, moved: { to, from, size: 4 } });
  });

  it('in no file that has its newest row first, unless it says what they traded', () => {
    const [newer, older] = [row('10:00:01', 1010), row('10:00:00', 1000)];
    const sizes = new ImportSizes(false);
    sizes.of(newer);
    expect(sizes.of(older)).toMatch(/^it is older than the row of NSE:TCS above/);
    const told = new ImportSizes(true);
    told.of(newer);
    expect(told.of({ ...older, size: 3 })).toMatchObject({ size: 3 });
  });
});

it.each(['9999999999', '2026-11-22 10:00:00', '1989-12-31 10:00:00'])('%s is no time of a recording', (time) => {
  const why = /is before 1990 or still to come/;
  expect(reader.read({ time, price: '1' })).toMatch(why);
  expect(reader.read({ time: '2026-11-20 10:00:00', received: time, price: '1' })).toMatch(why);
});
