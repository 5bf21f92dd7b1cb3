import { aProduct } from '../support/running-server.js';

/**
 * Vendor calls that readers cost: clients that each read the same symbols once a second over REST, against a gateway that would
 * ask the vendor once per symbol and request. The vendor answers one scrip a call.
 */
const CLIENTS = 100;
const SYMBOLS = 50;
const SECONDS = 20;
const GOAL = 0.95;

const product = await aProduct({ VENDORS: 'bse', BSE_REQUESTS_PER_SECOND: '50', ACTIVE_SYMBOLS_MS: '2000' });
const listings = [...product.sandbox.market.listings.values()].filter(
  ({ instrument }) => instrument.exchange === 'BSE',
);
const path = `/api/v1/quotes?symbols=${listings
  .slice(0, SYMBOLS)
  .map(({ instrument }) => instrument.id)
  .join(',')}`;

const calls = (): number => Number(product.sandbox.stats('bse')['requests']);
let reads = 0;
let quotes = 0;
const ages: number[] = [];

async function readOnce(): Promise<void> {
  const { body } = await product.get(path);
  reads++;
  for (const { age } of body['quotes'] as { age: number }[]) {
    quotes++;
    ages.push(age);
  }
}

const before = calls();
for (let second = 0; second < SECONDS; second++) {
  const started = performance.now();
  await Promise.all(Array.from({ length: CLIENTS }, () => readOnce()));
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, 1000 - (performance.now() - started))));
}
const spent = calls() - before;
const plain = reads * SYMBOLS;
const saved = 1 - spent / plain;
ages.sort((a, b) => a - b);
const age = (share: number): number => Math.round(ages[Math.floor(ages.length * share)] ?? NaN);
await product.stop();

process.stdout.write(`${CLIENTS} clients x ${SYMBOLS} symbols, one read a second each for ${SECONDS} s

| | vendor calls |
| --- | ---: |
| one call per symbol and request | ${plain} |
| Tickwire | ${spent} |

Quotes answered ${quotes} of ${plain}; age p50 ${age(0.5)} ms, p99 ${age(0.99)} ms.
Saved ${(saved * 100).toFixed(1)} %, goal ${GOAL * 100} %: ${saved >= GOAL ? 'met' : 'MISSED'}
`);
