import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Identity } from '#auth';
import { LastValueStore, QuoteCache, QuoteReader, type ValueSource } from '#cache';
import { Epoch, F, InstrumentMaster, MarketDataError, unknownValues } from '#domain';
import type { QuoteStatus } from '#protocol';
import { anInstrument } from '../../../../../test/support/instruments.js';
import { ManualClock } from '../../../../../test/support/manual-clock.js';
import { aTick, T0 } from '../../../../../test/support/ticks.js';
import { Callers } from '../../access/caller.js';
import { admissionOf } from '../../access/request-caller.js';
import { RequestTimes } from '../performance/request-times.js';
import { QuickQuotes } from './quick-quotes.js';

type Tier = Partial<Identity['tier']>;

const LIST = 'NSE:A1,NSE:B1';
/** Length of a name that fills a socket in a few dozen answers. */
const LONG = 200_000;
const everything = { all: true, allows: () => true };
const refusal = new MarketDataError('UNAUTHENTICATED', 'A token or an API key is required', false);

let clock: ManualClock;
let store: LastValueStore;
let reader: QuoteReader;
let server: Server;
let url: string;
let status: QuoteStatus;
let isCurrent: boolean;
let mode: 'off' | 'required';
let tier: Tier;
let read: () => void;
const admit = vi.fn<(shown: object) => Promise<object>>();
const routed = vi.fn<() => void>();

beforeEach(async () => {
  clock = new ManualClock(T0);
  store = new LastValueStore(
    new InstrumentMaster([
      ...['NSE:A1', 'NSE:B1'].map((id) => anInstrument({ id })),
      anInstrument({ id: 'NSE:WIDE', name: 'Société Générale €' }),
      anInstrument({ id: 'NSE:LONG', name: 'x'.repeat(LONG) }),
    ]),
    new Epoch('a'),
  );
  [status, isCurrent, mode, tier] = ['live', true, 'off', { entitlements: everything } as unknown as Tier];
  read = () => undefined;
  admit.mockReset().mockImplementation(async ({ apiKey }: { apiKey?: string }) => {
    if (apiKey !== 'right') throw refusal;
    return { tier };
  });
  routed.mockReset();
  const source: ValueSource = {
    isCurrent: () => isCurrent,
    statusOf: () => status,
    doubts: () => false,
    requested: () => read(),
    refresh: async () => undefined,
  };
  const limits = { keyPrefix: '', l1TtlMs: 0, l2TtlMs: 1, l2TimeoutMs: 1, failureTtlMs: 1 };
  reader = new QuoteReader(store, new QuoteCache(limits, clock), source, clock, 1000);
  const authenticator = {
    get mode() {
      return mode;
    },
    get anonymous() {
      return { tier };
    },
    admit,
  };
  const callers = new Callers(authenticator as unknown as Callers['authenticator'], 0);
  server = createServer((request, response) => {
    routed();
    // as the guard does it
    const admission = admissionOf(request) ?? Promise.resolve();
    admission.then(
      () => response.end('routed'),
      () => response.writeHead(401).end(),
    );
  });
  new QuickQuotes(store, reader, callers, new RequestTimes(clock), clock, []).attach(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1/quotes?symbols=`;
  for (const instrument of ['NSE:A1', 'NSE:B1']) store.apply(aTick({ instrument, price: 100, bid: 99.95 }));
});
afterEach(() => void server.close());

const get = (list: string, headers: Record<string, string> = {}): Promise<Response> => fetch(url + list, { headers });

/** What the route would say of the values as they are. */
async function truth(list: string): Promise<object> {
  const { quotes, errors } = await reader.read(list.split(','));
  return {
    quotes: quotes.map(({ quote, age, layer, status: how }) => ({ ...quote, age, layer, status: how })),
    errors,
  };
}

async function expectQuick(list = LIST): Promise<void> {
  const answer = await get(list, { 'X-API-Key': 'right' });
  expect(await answer.text()).toBe(JSON.stringify(await truth(list)));
  expect(routed).not.toHaveBeenCalled();
}

describe('is left to the routes', () => {
  it.each<[string, () => void]>([
    ['of a limited tier', () => (tier = { entitlements: everything, requestsPerMinute: 9 } as unknown as Tier)],
    [
      'for a symbol the tier does not have',
      () => (tier = { entitlements: { all: false, allows: (id: string) => id === 'NSE:A1' } } as unknown as Tier),
    ],
    ['for a stale value', () => store.peek('NSE:B1')?.markStale(true)],
    [
      'for a value nobody keeps current',
      () => {
        isCurrent = false;
        clock.advance(2000);
      },
    ],
    ['for a value in doubt', () => ((isCurrent = false), store.peek('NSE:B1')?.doubt())],
    ['for a value that was forgotten', () => store.peek('NSE:B1')?.forget()],
  ])('a request %s', async (_what, change) => {
    await expectQuick();
    change();
    expect(await (await get(LIST, { 'X-API-Key': 'right' })).text()).toBe('routed');
  });

  it.each<[string, Record<string, string>]>([
    ['without a credential', {}],
    ['with a wrong one', { 'X-API-Key': 'wrong' }],
  ])('a request %s, which is refused by what was found once', async (_what, headers) => {
    mode = 'required';
    expect((await get(LIST, headers)).status).toBe(401);
    expect(admit).toHaveBeenCalledOnce();
    // a list is not even looked at
    expect((await get('NSE:NOPE', headers)).status).toBe(401);
    await expectQuickWith('right');
  });
});

async function expectQuickWith(key: string): Promise<void> {
  routed.mockReset();
  expect((await get(LIST, { 'X-API-Key': key })).status).toBe(200);
  expect(routed).not.toHaveBeenCalled();
}

it('checks a credential once, also where the routes answer', async () => {
  mode = 'required';
  expect(await (await get('NSE:NOPE', { 'X-API-Key': 'right' })).text()).toBe('routed');
  expect(admit).toHaveBeenCalledOnce();
});

it.each<QuoteStatus>(['live', 'delayed', 'halted', 'closed'])('says of a %s value what the route says', async (now) => {
  status = now;
  await expectQuick();
  clock.advance(700);
  await expectQuick();
});

it('gives another tag to another status', async () => {
  const before = (await get(LIST)).headers.get('etag');
  status = 'halted';
  expect((await get(LIST)).headers.get('etag')).not.toBe(before);
});

it('tells the value of now when an epoch has begun anew with the same sequence', async () => {
  const adopt = (sequence: number, price: number): void => {
    const state = store.peek('NSE:A1')!;
    const values = unknownValues();
    values[F.price] = price;
    values[F.stale] = 0;
    state.adopt(sequence, 1, 'v', values);
    state.inherit(clock.now(), false);
  };
  adopt(1, 100);
  await expectQuick();
  adopt(2, 120);
  store.restart('b');
  adopt(1, 120);
  await expectQuick();
});

it('names the successor of the very list', async () => {
  const { headers } = await get(LIST);
  expect(headers.get('link')).toBe(`</api/v2/quotes?symbols=${LIST}>; rel="successor-version"`);
  const long = (await get(Array.from({ length: 300 }, () => 'NSE:A1').join())).headers;
  expect(long.get('link')).toBe('</api/v2/quotes>; rel="successor-version"');
});

it('tells ages of any length, also behind a name that is not ASCII, and when the clock was set back', async () => {
  clock.advance(3);
  store.apply(aTick({ instrument: 'NSE:WIDE', price: 7, receivedAt: T0 + 3 }));
  for (const ms of [0, 1, 5, 1, 2, 80, 10, 900, 9000, 90_000, 0]) {
    clock.advance(ms);
    await expectQuick('NSE:A1,NSE:WIDE,NSE:B1');
  }
  store.apply(aTick({ instrument: 'NSE:A1', price: 8, receivedAt: clock.now() + 50 }));
  await expectQuick('NSE:A1,NSE:WIDE,NSE:B1');
});

it('tells the value of now of every symbol in every list it stands in', async () => {
  for (const list of [LIST, 'NSE:B1', 'NSE:B1,NSE:A1']) await expectQuick(list);
  const { headers } = await get(LIST);
  store.apply(aTick({ instrument: 'NSE:B1', price: 101, bid: 100.95 }));
  expect((await get(LIST)).headers.get('etag')).not.toBe(headers.get('etag'));
  for (const list of [LIST, 'NSE:B1', 'NSE:B1,NSE:A1']) await expectQuick(list);
});

it('does not write into an answer that a slow reader has not taken yet', async () => {
  const count = 60;
  store.apply(aTick({ instrument: 'NSE:LONG', price: 1, receivedAt: T0 }));
  clock.advance(1000);
  // each reader comes a millisecond later
  read = () => clock.advance(1);
  const { port, pathname, search } = new URL(`${url}NSE:LONG`);
  const slow = connect(Number(port), '127.0.0.1');
  const request = `GET ${pathname}${search} HTTP/1.1\r\nHost: a\r\n\r\n`;
  slow.pause().write(request.repeat(count - 1) + request.replace('Host', 'Connection: close\r\nHost'));
  let text = '';
  slow.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
  await vi.waitFor(() => expect(clock.now()).toBe(T0 + 1000 + count));
  // others ask meanwhile
  for (let i = 0; i < 20; i++) await (await get('NSE:LONG')).arrayBuffer();
  slow.resume();
  await once(slow, 'close');
  expect([...text.matchAll(/"age":(\d+)/g)].map(([, age]) => Number(age))).toEqual(
    Array.from({ length: count }, (_, i) => 1001 + i),
  );
});
