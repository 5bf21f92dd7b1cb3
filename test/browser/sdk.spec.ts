import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Quote, Tickwire } from '#sdk';
import { bundleSdk } from '../../libs/sdk/bundle.mjs';
import { BROWSER_ARGS, findBrowser } from '../../scripts/browser.mjs';
import { ChaosProxy } from '../support/chaos-proxy.js';
import { aProduct, type Product } from '../support/running-server.js';

const SYMBOLS = ['NSE:RELIANCE', 'NSE:TCS', 'NSE:INFY'];
const executablePath = findBrowser();
if (executablePath === undefined) process.stderr.write('No Chromium on the PATH: the browser specs are SKIPPED\n');

describe.skipIf(executablePath === undefined)('in a browser, with the bundle a page would load', () => {
  let browser: Browser;
  let product: Product;
  let proxy: ChaosProxy;
  let pages: Server;

  beforeAll(async () => {
    [product, pages, browser] = await Promise.all([
      aProduct({}, { SANDBOX_TICKS_PER_SECOND: '20' }),
      servePage(),
      chromium.launch({ executablePath, args: BROWSER_ARGS }),
    ]);
    proxy = await ChaosProxy.start(Number(new URL(product.url).port));
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    pages?.close();
    await proxy?.close();
    await product?.stop();
  });

  async function open(format: string): Promise<{ page: Page; problems: string[] }> {
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    const { port } = pages.address() as AddressInfo;
    const query = new URLSearchParams({
      server: `http://127.0.0.1:${proxy.port}`,
      symbols: SYMBOLS.join(','),
      format,
    });
    await page.goto(`http://127.0.0.1:${port}/?${query.toString()}`);
    return { page, problems };
  }

  it.concurrent.each(['json', 'msgpack', 'compact'])('shows prices that move: %s', async (format) => {
    const { page, problems } = await open(format);
    const shown = (): Promise<string[]> => prices(page).allTextContents();
    await expect.poll(shown, { timeout: 15_000 }).toHaveLength(SYMBOLS.length);
    const first = await shown();
    expect(first.every((price) => Number(price) > 0)).toBe(true);
    const moved = async (): Promise<boolean> => (await shown()).every((price, i) => price !== first[i]);
    await expect.poll(moved, { timeout: 15_000 }).toBe(true);
    expect(await page.textContent('#state')).toBe('OPEN');
    expect(problems).toEqual([]);
    await page.close();
  });

  it('comes back when the connection breaks, and ends with the quotes the server has', async () => {
    const { page, problems } = await open('compact');
    const connections = (): Promise<number> => page.evaluate(() => client().metrics().connections);
    await expect.poll(() => prices(page).count(), { timeout: 15_000 }).toBe(SYMBOLS.length);
    for (const connection of proxy.connections) connection.kill();
    await expect.poll(connections, { timeout: 15_000 }).toBe(2);
    product.sandbox.market.stop();
    const quotes = (): Promise<(Quote | undefined)[]> =>
      page.evaluate((symbols) => symbols.map((symbol) => client().quote(symbol)), SYMBOLS);
    // what was under way when the market stopped reaches the server later than this line
    const differing = async (): Promise<unknown[]> =>
      (await quotes()).filter((quote, i) => !isDeepStrictEqual(quote, product.quote(SYMBOLS[i] as string)));
    await expect.poll(differing, { timeout: 15_000 }).toEqual([]);
    expect(problems).toEqual([]);
    await page.close();
  });
});

/** Cells that show prices. */
const prices = (page: Page): Locator => page.locator('#quotes td:nth-child(2)');

/** The page's client; runs in the page. */
declare function client(): Tickwire;

async function servePage(): Promise<Server> {
  const { outputFiles } = await bundleSdk({ write: false, minify: true });
  const bundle = outputFiles[0]?.text;
  const page = readFileSync(new URL('prices.html', import.meta.url));
  const server = createServer((request, response) => {
    const isBundle = request.url === '/sdk.js';
    response.setHeader('Content-Type', isBundle ? 'text/javascript' : 'text/html');
    response.end(isBundle ? bundle : page);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
