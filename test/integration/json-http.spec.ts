import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { FeedStatus, Instrument, SnapshotSource, VendorConnections } from '#domain';
import { createVendors } from '#vendors';
import { sandboxMapping } from '../../libs/vendors/src/json/sandbox-mapping.js';
import type { Sandbox } from '../../apps/sandbox/src/sandbox.js';
import { anInstrument } from '../support/instruments.js';
import { aSandbox } from '../support/vendor-sandbox.js';
import { until, vendorTools } from '../support/vendor-tools.js';

const HTTP = { url: 'http://127.0.0.1:1/{symbols}', perCall: 3, requestsPerSecond: 100, burst: 20, timeoutMs: 5000 };

let sandbox: Sandbox;
let server: Server | undefined;
let folder: string;
let states: string[];
let malformed: string[];
let stops: (() => Promise<void>)[];

beforeEach(async () => {
  sandbox = await aSandbox();
  folder = await mkdtemp(join(tmpdir(), 'tickwire-'));
  server = undefined;
  states = [];
  malformed = [];
  stops = [];
});

afterEach(async () => {
  for (const stop of stops) await stop();
  server?.closeAllConnections();
  server?.close();
  await sandbox.close();
  await rm(folder, { recursive: true });
});

async function connect(mapping: object, env: Record<string, string> = {}): Promise<VendorConnections> {
  const file = join(folder, 'mapping.json');
  await writeFile(file, JSON.stringify(mapping));
  const all = { ...sandbox.settings, JSON_MAPPING: file, ...env };
  const [connections] = createVendors(['json'], all, vendorTools({ random: () => 0.05 }));
  for (const one of [...connections!.feeds, ...connections!.sources]) stops.push(() => one.stop());
  return connections!;
}

async function source(http: object = {}, env: Record<string, string> = {}): Promise<SnapshotSource> {
  const { exchanges, vendorSymbol, rules } = sandboxMapping;
  const { feeds, sources } = await connect({ exchanges, vendorSymbol, rules, http: { ...HTTP, ...http } }, env);
  expect([feeds.length, sources.length]).toEqual([0, 1]);
  sources[0]!.start({
    malformed: (_vendor, reason, sample) => void malformed.push(`${reason} ${sample}`),
    status: ({ state }: FeedStatus) => void states.push(state),
  });
  return sources[0]!;
}

const names = (...tickers: string[]): Instrument[] => tickers.map((ticker) => anInstrument({ id: `NSE:${ticker}` }));

it('asks for several symbols a call, and has an outcome for each', async () => {
  const asked = names('RELIANCE', 'TCS', 'NOBODY', 'INFY', 'SBIN');
  const { ticks, failures } = await (await source()).fetch(asked);
  expect(ticks.map(({ instrument }) => instrument)).toEqual(['NSE:RELIANCE', 'NSE:TCS', 'NSE:INFY', 'NSE:SBIN']);
  for (const { instrument, price, bid, ask, previousClose } of ticks) {
    expect(previousClose).toBe(sandbox.market.listings.get(instrument)!.previousClose);
    expect([price, bid, ask].every((value) => value! > 0)).toBe(true);
  }
  expect([...failures].map(([id, { retryable }]) => [id, retryable])).toEqual([['NSE:NOBODY', false]]);
  expect(sandbox.stats('json')).toMatchObject({ calls: 2, asked: 5, opened: 0 });
  expect(states).toEqual(['live']);
});

it('describes a stream and its calls in one file', async () => {
  const { feeds, sources } = await connect({ ...sandboxMapping, http: HTTP });
  const [feed, calls] = [feeds[0]!, sources[0]!];
  const instruments = new Set<string>();
  feed.start({
    tick: ({ instrument }) => void instruments.add(instrument),
    malformed: () => undefined,
    status: () => undefined,
  });
  feed.want(names('TCS'));
  await until('a streamed tick', () => instruments.has('NSE:TCS'));
  expect((await calls.fetch(names('INFY'))).ticks).toMatchObject([{ instrument: 'NSE:INFY', vendor: 'json' }]);
  expect(feed.id).not.toBe(calls.id);
});

it.each([
  [{ kind: 'error', status: 500 }, /HTTP 500/],
  [{ kind: 'disconnect' }, /other side closed|ECONNRESET|socket/i],
  [{ kind: 'stall' }, /timed out after 1000 ms/],
  [{ kind: 'malformed' }, /JSON|record|symbol|no quote/],
] as const)('says why there is nothing under the fault %j, and recovers', async (fault, reason) => {
  const calls = await source(fault.kind === 'stall' ? { timeoutMs: 1000 } : {});
  sandbox.setFault({ target: 'json', ...fault });
  const { failures } = await calls.fetch(names('TCS'));
  expect(failures.get('NSE:TCS')?.message).toMatch(reason);
  sandbox.clearFaults();
  expect((await calls.fetch(names('TCS'))).ticks).toHaveLength(1);
});

it('waits as long as a vendor that limits us says', async () => {
  const calls = await source();
  sandbox.setFault({ target: 'json', kind: 'rate-limit', retryAfterSeconds: 1 });
  const started = performance.now();
  const answer = calls.fetch(names('TCS'));
  await until('the first refusal', () => sandbox.stats('json')['calls'] === 1);
  sandbox.clearFaults();
  expect((await answer).ticks).toHaveLength(1);
  expect(performance.now() - started).toBeGreaterThan(990);
  expect(states).toEqual(['down', 'live']);
});

it('keeps to the rate of the mapping', async () => {
  const calls = await source({ perCall: 1, requestsPerSecond: 20, burst: 2 });
  const started = performance.now();
  await calls.fetch(names('RELIANCE', 'TCS', 'INFY', 'SBIN', 'ITC'));
  // two at once, three more a twentieth of a second apart
  expect(performance.now() - started).toBeGreaterThan(145);
  expect(sandbox.stats('json')['calls']).toBe(5);
});

async function vendorThatSays(body: (request: IncomingMessage) => string): Promise<string> {
  server = createServer((request, response) => response.end(body(request)));
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it('sends secrets where the mapping wants them, and keeps them out of what it reports', async () => {
  const requests: string[] = [];
  const url = await vendorThatSays(({ url: path = '', headers }) => {
    requests.push(`${path} ${String(headers['x-key'])}`);
    return `{"error":"the key s3cret-key of ${path} is not known"}`;
  });
  const calls = await source(
    { headers: { 'X-Key': '${SECRET:key}' } },
    { JSON_HTTP_URL: `${url}/q?s={symbols}&k=\${SECRET:key}`, JSON_SECRET_KEY: 's3cret-key' },
  );
  const { failures } = await calls.fetch(names('M&M'));
  expect(requests[0]).toBe('/q?s=NSE%3AM%26M&k=s3cret-key s3cret-key');
  expect(malformed[0]).toContain('the key *** of /q?s=NSE%3AM%26M&k=*** is not known');
  expect([malformed, failures.get('NSE:M&M')?.message, calls.status().lastError].join()).not.toContain('s3cret-key');
});

it.each([
  [{ fatal: [{ path: 'status', equals: 'error' }] }, '{"status":"error","code":401}', /the vendor said .*401/],
  [{ cooldown: [{ path: 'Note', ms: 60_000 }] }, '{"Note":"5 calls a minute"}', /retry after 60000 ms/],
])('leaves a vendor alone that refuses with a good status: %j', async (conditions, body, reason) => {
  let asked = 0;
  const url = await vendorThatSays(() => {
    asked++;
    return body;
  });
  const { exchanges, rules } = sandboxMapping;
  const env = { JSON_HTTP_URL: `${url}/{symbols}` };
  const { sources } = await connect({ exchanges, rules, http: HTTP, ...conditions }, env);
  const { failures } = await sources[0]!.fetch(names('TCS'));
  expect(failures.get('NSE:TCS')?.message).toMatch(reason);
  await sources[0]!.fetch(names('TCS'));
  expect(asked).toBe(1);
  expect(sources[0]!.status().state).toBe('down');
});
