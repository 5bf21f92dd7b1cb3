import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { VendorFrameError } from '#domain';
import { bhavcopyPath, readBhavcopy } from './bse.bhavcopy.js';

const fixture = readFileSync(new URL('./fixtures/bhavcopy.csv', import.meta.url), 'utf8');
const NOW = Date.UTC(2025, 9, 14, 13);

it('reads a tick per share with a close, at the close of the session', () => {
  const ticks = readBhavcopy(fixture, NOW);
  expect(ticks.map(({ instrument }) => instrument)).toEqual(['BSE:500325', 'BSE:519999']);
  expect(ticks[0]).toMatchObject({
    vendor: 'bse',
    receivedAt: NOW,
    eventTime: Date.UTC(2025, 9, 14, 10),
    eventTimeStep: 60_000,
    price: 1264.8,
    previousClose: 1273.15,
    open: 1275,
    high: 1281.4,
    low: 1260.25,
    volume: 528_123,
    averagePrice: 1267.51,
    bid: undefined,
  });
});

it('knows of a share that nobody traded its close, and a volume of none', () => {
  expect(readBhavcopy(fixture, NOW)[1]).toMatchObject({
    price: 41.35,
    open: undefined,
    high: undefined,
    volume: 0,
    averagePrice: undefined,
  });
});

it('makes do with the columns that are certain', () => {
  const [tick] = readBhavcopy(
    '\uFEFFFinInstrmTp,FinInstrmId,ClsPric,PrvsClsgPric\r\nSTK,500325,"1,264.80",1273.15\r\n',
    NOW,
  );
  expect(tick).toMatchObject({ price: 1264.8, previousClose: 1273.15, eventTime: undefined, volume: undefined });
});

it.each(['', '<!DOCTYPE html><html>\n</html>', 'FinInstrmTp,FinInstrmId\nSTK,500325\n', 'no table'])(
  'refuses %j',
  (text) => {
    expect(() => readBhavcopy(text, NOW)).toThrow(VendorFrameError);
  },
);

it('names the file of a day as the site does', () => {
  expect(bhavcopyPath('20251014')).toBe('/download/BhavCopy/Equity/BhavCopy_BSE_CM_0_0_0_20251014_F_0000.CSV');
});

it('survives anything: prices above zero, or an error', () => {
  const cell = fc.oneof(fc.string(), fc.constantFrom('STK', '500325', '12.50', '2025-10-14', '"', '-1'));
  const header = fixture.slice(0, fixture.indexOf('\n'));
  const rows = fc.array(fc.array(cell, { maxLength: 20 }).map((cells) => cells.join(',')));
  const text = fc.oneof(
    fc.string(),
    rows.map((lines) => [header, ...lines].join('\n')),
  );
  fc.assert(
    fc.property(text, (given) => {
      try {
        for (const { price } of readBhavcopy(given, NOW)) expect(price).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toBeInstanceOf(VendorFrameError);
      }
    }),
  );
});
