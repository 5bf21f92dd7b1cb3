import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ManualClock } from '../../../../test/support/manual-clock.js';
import { until, vendorTools } from '../../../../test/support/vendor-tools.js';
import { SymbolTokens } from './symbol-tokens.js';

interface Call {
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly symbols: readonly string[];
}

let server: Server;
let calls: Call[];
/** The status of the answers to come, 200 when there is none. */
let refusals: number[];
let clock: ManualClock;
let tokens: SymbolTokens;

const symbolsOf = (count: number): string[] => Array.from({ length: count }, (_, i) => `NSE:S${i}-EQ`);

beforeEach(async () => {
  calls = [];
  refusals = [];
  // noon in India
  clock = new ManualClock(Date.UTC(2026, 10, 20, 6, 30));
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      const { symbols } = JSON.parse(body) as { symbols: string[] };
      calls.push({ path: request.url, headers: request.headers, symbols });
      const status = refusals.shift() ?? 200;
      const numbered = symbols.toReversed().map((symbol) => [symbol, `1010000000${symbol.slice(5, -3)}`]);
      const valid = Object.fromEntries(numbered.filter(([symbol]) => symbol !== 'NSE:S7-EQ')) as object;
      response.writeHead(status, { 'Retry-After': '60' }).end(JSON.stringify({ s: 'ok', validSymbol: valid }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/data/`;
  tokens = new SymbolTokens({ base, authorization: () => 'APP-100:jwt' }, vendorTools({ clock }));
});

afterEach(async () => {
  await tokens.close();
  server.close();
});

it('asks for at most 500 at a time, with the token, and pairs by symbol', async () => {
  await tokens.learn(symbolsOf(620));
  expect(calls.map(({ path, headers, symbols }) => [path, headers.authorization, symbols.length])).toEqual([
    ['/data/symbol-token', 'APP-100:jwt', 500],
    ['/data/symbol-token', 'APP-100:jwt', 120],
  ]);
  expect(tokens.topicOf('NSE:S619-EQ')).toBe('sf|nse_cm|619');
  expect(tokens.topicOf('NSE:S7-EQ')).toBeUndefined();
});

it('asks once a trading day for each, unknown ones too, and only for what it has not', async () => {
  await tokens.learn(symbolsOf(8));
  await tokens.learn(symbolsOf(8));
  await tokens.learn(symbolsOf(9));
  expect(calls.map(({ symbols }) => symbols.length)).toEqual([8, 1]);
  // midnight in India
  clock.advance(12 * 3_600_000);
  expect(tokens.topicOf('NSE:S1-EQ')).toBe('sf|nse_cm|1');
  await tokens.learn(symbolsOf(2));
  expect(calls.map(({ symbols }) => symbols.length)).toEqual([8, 1, 2]);
});

it('keeps away for as long as the vendor asks, after it has been refused', async () => {
  refusals = [429];
  await expect(tokens.learn(symbolsOf(1))).rejects.toMatchObject({ retryAfterMs: 60_000 });
  const second = tokens.learn(symbolsOf(1));
  clock.advance(59_999);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(calls).toHaveLength(1);
  clock.advance(2);
  await second;
  expect(calls).toHaveLength(2);
});

it('fails with the reason, and knows nothing then', async () => {
  refusals = [500];
  // an answer is read for what it names, whatever its status
  await tokens.learn(['NSE:S1-EQ']);
  expect(tokens.topicOf('NSE:S1-EQ')).toBe('sf|nse_cm|1');
  server.closeAllConnections();
  server.close();
  await until('the end of the server', () => !server.listening);
  await expect(tokens.learn(['NSE:S2-EQ'])).rejects.toMatchObject({ code: 'SOURCE_FAILED', retryable: true });
  expect(tokens.topicOf('NSE:S2-EQ')).toBeUndefined();
});
