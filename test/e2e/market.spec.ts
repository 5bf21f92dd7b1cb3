import { writeFile } from 'node:fs/promises';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExchangeCalendar, marketStatus, parseHolidaysCsv } from '#domain';
import { aProduct, type Product } from '../support/running-server.js';

const MUHURAT = 'NSE,2026-11-08,Muhurat trading,18:15,19:15\n';
const folder = mkdtempSync(join(tmpdir(), 'tickwire-market-'));
const holidays = join(folder, 'holidays.csv');
let product: Product;

beforeAll(async () => {
  await writeFile(holidays, readFileSync('data/holidays.csv', 'utf8') + MUHURAT);
  product = await aProduct({ MARKET_HOURS: 'exchange', HOLIDAYS: holidays });
});
afterAll(async () => {
  await product.stop();
  rmSync(folder, { recursive: true });
});

describe('the market', () => {
  it('tells of each exchange whether it trades now, and when that changes', async () => {
    const { status, body } = await product.get('/api/v1/market/status');
    expect(status).toBe(200);
    const calendar = new ExchangeCalendar(parseHolidaysCsv(readFileSync(holidays, 'utf8')));
    const now = Date.parse(String(body['serverTime']));
    expect(Math.abs(Date.now() - now)).toBeLessThan(10_000);
    expect(body['exchanges']).toHaveLength(4);
    for (const told of body['exchanges'] as Record<string, string>[]) {
      const { phase, reason, nextOpen } = marketStatus(calendar, told['exchange'] as string, now);
      expect(told).toMatchObject({ status: phase, reason, nextOpen: new Date(nextOpen ?? 0).toISOString() });
    }
    const one = await product.get('/api/v1/market/status?exchange=BSE');
    expect(one.body['exchanges']).toMatchObject([{ exchange: 'BSE', timeZone: 'Asia/Kolkata' }]);
  });

  it('says of which exchanges it does not know the holidays of this year, also to operators', async () => {
    // at the end of a year it has begun in India and not in America
    const year = new Date(Date.now() + 330 * 60_000).getUTCFullYear();
    const known = ['NSE', 'NASDAQ', 'NYSE'].flatMap((exchange) =>
      [year - 1, year, year + 1].map((one) => `${exchange},${one}-12-25,Christmas,,\n`),
    );
    const file = join(folder, 'without-bse.csv');
    await writeFile(file, `exchange,date,name,opens,closes\n${known.join('')}`);
    const other = await aProduct({ MARKET_HOURS: 'exchange', HOLIDAYS: file });
    try {
      const { body } = await other.get('/api/v1/market/status');
      const told = body['exchanges'] as { exchange: string; holidaysKnown: boolean }[];
      const unknown = told.filter(({ holidaysKnown }) => !holidaysKnown);
      expect(unknown.map(({ exchange }) => exchange)).toEqual(['BSE']);
      const { details } = (await other.get('/health')).body as { details: Record<string, object> };
      expect(details['calendar']).toMatchObject({ holidaysUnknown: expect.arrayContaining([`BSE ${year}`]) });
      expect((await other.get('/health/ready')).status).toBe(200);
    } finally {
      await other.stop();
    }
  });

  it('tells the trading days, holidays and special sessions of a year', async () => {
    const { body } = await product.get('/api/v1/market/calendar?exchange=NSE&year=2026');
    expect(body).toMatchObject({ exchange: 'NSE', year: 2026, holidaysKnown: true });
    expect(body['holidays']).toContainEqual({ date: '2026-11-10', name: 'Diwali Balipratipada' });
    expect(body['specialSessions']).toEqual([
      {
        date: '2026-11-08',
        preOpen: '2026-11-08T12:45:00.000Z',
        open: '2026-11-08T12:45:00.000Z',
        close: '2026-11-08T13:45:00.000Z',
        postClose: '2026-11-08T13:45:00.000Z',
        special: 'Muhurat trading',
      },
    ]);
    const days = (body['sessions'] as { date: string }[]).map(({ date }) => date);
    expect(days).toContain('2026-11-20');
    for (const rest of ['2026-11-10', '2026-11-21', '2026-11-22']) expect(days).not.toContain(rest);
    // 261 weekdays, 15 holidays among them, and one Sunday
    expect(days).toHaveLength(261 - 15 + 1);
    expect((await product.get('/api/v1/market/calendar?exchange=NSE&year=2031')).body['holidaysKnown']).toBe(false);
  });

  it.each([
    'status?exchange=MOON',
    'status?exchange=nse',
    'calendar',
    'calendar?exchange=MOON',
    'calendar?exchange=NSE&year=1',
  ])('refuses %s', async (path) => {
    const { status, body } = await product.get(`/api/v1/market/${path}`);
    expect([status, body['code']]).toEqual([400, 'INVALID_MESSAGE']);
  });
});
