import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RawClient } from '../support/raw-client.js';
import { aProduct, type Product } from '../support/running-server.js';
import { until } from '../support/vendor-tools.js';

/** Reliance on BSE comes over the JSON stream, and BSE's own HTTP quotes are the second vendor. */
const SYMBOL = 'BSE:500325';
let product: Product;
let client: RawClient;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tickwire-'));
  const instruments = join(folder, 'instruments.csv');
  // steps of a paisa, so that a price which is 10 % wrong is wrong in nothing else
  await writeFile(instruments, (await readFile('data/instruments.csv', 'utf8')).replaceAll(',0.05,', ',0.01,'));
  product = await aProduct({
    INSTRUMENTS: instruments,
    VENDORS: 'json,bse',
    VALIDATION_CRITICAL: SYMBOL,
    CROSS_CHECK_PER_MINUTE: '600',
  });
  client = await RawClient.connect(product.wsUrl);
  client.send({ action: 'subscribe', symbols: [SYMBOL, 'NSE:TCS'] });
  await until('a price', () => product.quote(SYMBOL)?.price !== undefined);
});

afterAll(async () => {
  client.close();
  await product.stop();
  await rm(folder, { recursive: true });
});

async function validation(): Promise<Record<string, Record<string, unknown>[]>> {
  const { body } = await product.get('/api/v1/validation');
  return body as Record<string, Record<string, unknown>[]>;
}

async function put(symbol: string, body: object): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${product.url}/api/v1/validation/tiers/${symbol}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

const metric = async (pattern: RegExp): Promise<boolean> =>
  pattern.test(String((await product.get('/metrics')).body['text']));

/** Waits until the server's answer says so; the test's own time limit ends it. */
async function eventually(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(20);
}

describe('validation of a running server', () => {
  it('shows the tiers, and lets them be changed at run time', async () => {
    expect((await product.get(`/api/v1/validation/tiers/${SYMBOL}`)).body).toEqual({
      symbol: SYMBOL,
      tier: 'critical',
      strict: false,
    });
    expect(await put('NSE:TCS', { tier: 'high' })).toEqual({
      status: 200,
      body: { symbol: 'NSE:TCS', tier: 'high', assigned: 'high', strict: false },
    });
    expect((await validation())['tiers']).toHaveLength(2);
    expect((await put('NSE:TCS', { tier: 'auto' })).body).toEqual({ symbol: 'NSE:TCS', tier: 'normal', strict: false });
    expect(await put('NSE:NOPE', { tier: 'high' })).toMatchObject({ status: 404, body: { code: 'INVALID_SYMBOL' } });
    expect(await put('NSE:TCS', { tier: 'top' })).toMatchObject({ status: 400, body: { code: 'INVALID_MESSAGE' } });
  });

  it('serves what a second vendor says while the first is wrong, and the first again when it is right', async () => {
    await eventually(() => metric(/cross_checks_total\{outcome="agree"\} [1-9]/));
    const fair = product.quote(SYMBOL)!.price!;
    product.sandbox.setFault({ target: 'json', kind: 'wrong-price', symbol: SYMBOL, factor: 1.1 });
    // the jump is made by every tick, so it passes the deep tier; only another vendor can tell
    await until('a correction', () => product.quote(SYMBOL)?.source === 'bse');
    expect(product.quote(SYMBOL)!.price! / fair).toBeCloseTo(1, 1);
    const { corrections } = await validation();
    expect(corrections![0]).toMatchObject({ instrument: SYMBOL, vendor: 'json', source: 'bse' });
    expect(Number(corrections![0]!['price']) / Number(corrections![0]!['served'])).toBeCloseTo(1.1, 1);
    // a value that its own stream does not confirm is no live one
    await until('doubt', () => product.quote(SYMBOL)?.stale === true);
    await eventually(() => metric(/ticks_rejected_total\{vendor="json",reason="cross-source"\} [1-9]/));
    await eventually(() => metric(/ticks_corrected_total\{vendor="json"\} [1-9]/));
    product.sandbox.clearFaults();
    await until('the stream', () => product.quote(SYMBOL)?.source === 'json');
    expect(product.quote(SYMBOL)!.price! / fair).toBeCloseTo(1, 1);
  });

  it('holds single wrong prices back, and tells how accurate the vendor is', { timeout: 90_000 }, async () => {
    // two in a row are a jump, and after some jumps such a price is what the instrument does: so they are rare
    product.sandbox.setFault({ target: 'json', kind: 'wrong-price', symbol: SYMBOL, factor: 1.1, share: 0.07 });
    await eventually(async () => {
      const { rejections } = await validation();
      return rejections!.some(({ instrument, reason }) => instrument === SYMBOL && reason === 'outlier');
    });
    product.sandbox.clearFaults();
    const accuracy = (await validation())['accuracy'] as unknown as Record<string, Record<string, unknown>[]>;
    expect(accuracy['symbols']!.find(({ symbol }) => symbol === SYMBOL)!['refused']).toBeGreaterThan(0);
    expect(accuracy['vendors']!.map(({ vendor }) => vendor)).toContain('json');
  });
});
