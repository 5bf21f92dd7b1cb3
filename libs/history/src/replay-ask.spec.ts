import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { askServer } from './replay-ask.js';

let asked = 0;
let refusals: number[] = [];
const server = createServer((_, response) => {
  const status = refusals[asked++] ?? 200;
  response.writeHead(status, status === 200 ? {} : { 'retry-after': '0' }).end(status === 200 ? '{"a":1}\n' : 'busy');
});

afterEach(() => void server.close());

async function url(): Promise<string> {
  if (!server.listening) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  asked = 0;
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it('asks a server again that is busy or limits its readers', async () => {
  refusals = [429, 503, 429];
  const answer = await askServer(await url(), undefined)('SELECT 1', {});
  expect([answer.toString(), asked]).toEqual(['{"a":1}\n', 4]);
});

it.each([
  [401, 1],
  [503, 6],
])('gives up at HTTP %i after %i tries', async (status, tries) => {
  refusals = Array.from({ length: 9 }, () => status);
  await expect(askServer(await url(), undefined)('SELECT 1', {})).rejects.toThrow(`HTTP ${status}`);
  expect(asked).toBe(tries);
});
