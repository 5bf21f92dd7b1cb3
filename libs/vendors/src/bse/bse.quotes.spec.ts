import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type Instrument, MarketDataError, SourceFailedError, type Tick } from '#domain';
import { anInstrument } from '../../../../test/support/instruments.js';
import { ManualClock } from '../../../../test/support/manual-clock.js';
import { type HttpAnswer, type HttpClient, HttpStatusError } from '../transports/http-client.js';
import type { GuardedCall, Outcome } from '../transports/http-source.js';
import { BseQuotes, type QuotesOptions } from './bse.quotes.js';
import { BseSite } from './bse.site.js';

const fixture = (name: string): string => readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), 'utf8');
const HEADER = fixture('scrip-header');
const TRADING = fixture('trading-liquid');
const reliance = anInstrument({ id: 'BSE:500325', bseCode: '500325' });
/** 11:42 in India on the day of the header. */
const NOON = Date.UTC(2025, 9, 14, 6, 12);

type Answer = string | Error | Promise<string>;

let clock: ManualClock;
let asked: string[];
let answers: Record<string, Answer>;

/** Calls that nobody limits; a client that answers as it is told. */
const call: GuardedCall = async (make) => {
  const get = async (path: string): Promise<HttpAnswer> => {
    const route = path.split('/')[2] ?? '';
    asked.push(route);
    const body = await (answers[route] ?? '');
    if (body instanceof Error) throw body;
    return { status: 200, headers: {}, body };
  };
  try {
    return await make({ get } as unknown as HttpClient);
  } catch (error) {
    if (error instanceof MarketDataError) return error;
    throw error;
  }
};

const quotes = (options: Partial<QuotesOptions> = {}): ((instrument?: Instrument) => Promise<Outcome>) => {
  const merged = new BseQuotes(
    new BseSite('/api', undefined),
    { tradingEveryMs: 15_000, depth: false, ...options },
    clock,
  );
  return (instrument = reliance) => merged.quote(call, instrument);
};
const headerAt = (ason: string, price = '1264.80'): string =>
  HEADER.replace('14 Oct 25 | 11:42', ason).replaceAll('1264.80', price);

beforeEach(() => {
  clock = new ManualClock(NOON + 20_000);
  asked = [];
  answers = { getScripHeaderData: HEADER, StockTrading: TRADING, MarketDepth: fixture('depth') };
});

describe('one quote', () => {
  it('is merged from the header and the trading', async () => {
    expect(await quotes()()).toMatchObject({
      price: 1264.8,
      previousClose: 1273.15,
      volume: 528_000,
      averagePrice: 2332.77,
      lowerCircuit: 2077.7,
      upperCircuit: 2539.4,
      bid: undefined,
      eventTime: NOON,
      receivedAt: NOON + 20_000,
    });
    expect(asked).toEqual(['getScripHeaderData', 'StockTrading']);
  });

  it('holds the best orders where they are wanted', async () => {
    expect(await quotes({ depth: true, tradingEveryMs: 0 })()).toMatchObject({
      price: 1264.8,
      volume: undefined,
      bid: 1264.75,
      askSize: 64,
    });
    expect(asked).toEqual(['getScripHeaderData', 'MarketDepth']);
  });

  it('goes without what fails beside the header', async () => {
    answers = { ...answers, StockTrading: new HttpStatusError('bse', 500), MarketDepth: '<html>' };
    const quote = (await quotes({ depth: true })()) as Tick;
    expect([quote.price, quote.volume, quote.bid]).toEqual([1264.8, undefined, undefined]);
  });

  it('does not wait long for what is late beside the header, and has it the next time', async () => {
    let answer: (body: string) => void = () => undefined;
    answers = { ...answers, StockTrading: new Promise((resolve) => (answer = resolve)) };
    const ask = quotes();
    const first = ask();
    await vi.waitFor(() => expect(asked).toHaveLength(2), 10_000);
    clock.advance(1500);
    expect(await first).toMatchObject({ price: 1264.8, volume: undefined });
    answer(TRADING);
    expect(await ask()).toMatchObject({ volume: 528_000 });
    expect(clock.pending).toBe(0);
  });

  it('is the header alone before the open: counts of the day are not to be had', async () => {
    clock = new ManualClock(Date.UTC(2025, 9, 14, 3, 35));
    answers = { ...answers, getScripHeaderData: fixture('scrip-header-pre-open') };
    expect(await quotes()()).toMatchObject({ price: 1273.15, volume: undefined });
    expect(asked).toEqual(['getScripHeaderData']);
  });
});

describe('over time', () => {
  it('the header is asked for every time, the trading at its own rate, and its last answer is in the quotes between', async () => {
    const ask = quotes();
    for (let i = 0; i < 10; i++) {
      expect(await ask()).toMatchObject({ volume: 528_000 });
      clock.advance(3000);
    }
    expect(asked.filter((route) => route === 'getScripHeaderData')).toHaveLength(10);
    expect(asked.filter((route) => route === 'StockTrading')).toHaveLength(2);
  });

  it('an hour after the last trade only the header is asked for', async () => {
    const ask = quotes();
    for (let i = 0; i < 240; i++) {
      expect(await ask()).toMatchObject({ volume: 528_000 });
      clock.advance(15_000);
    }
    // once a quarter of a minute, until two minutes after the minute of the trade
    expect(asked.filter((route) => route === 'StockTrading')).toHaveLength(8);
  });

  it('a route beside the header that fails is tried now and then, by one call for all scrips, until it answers', async () => {
    const ask = quotes();
    const tcs = anInstrument({ id: 'BSE:532540', bseCode: '532540' });
    answers = { ...answers, StockTrading: new HttpStatusError('bse', 500) };
    for (let i = 0; i < 10; i++) {
      for (const scrip of [reliance, tcs]) expect(await ask(scrip)).toMatchObject({ price: 1264.8, volume: undefined });
      clock.advance(3000);
    }
    expect(asked.filter((route) => route === 'StockTrading')).toHaveLength(2);
    answers = { ...answers, StockTrading: TRADING };
    for (const scrip of [tcs, reliance]) expect(await ask(scrip)).toMatchObject({ volume: 528_000 });
  });

  it('a count of yesterday is not one of today', async () => {
    const ask = quotes();
    answers = { ...answers, getScripHeaderData: headerAt('13 Oct 25 | 16:00') };
    expect(await ask()).toMatchObject({ volume: 528_000 });
    answers = { ...answers, getScripHeaderData: HEADER, StockTrading: new HttpStatusError('bse', 500) };
    expect(await ask()).toMatchObject({ volume: undefined });
    expect(asked.filter((route) => route === 'StockTrading')).toHaveLength(2);
  });
});

describe('a header without a price', () => {
  beforeEach(() => {
    answers = { ...answers, getScripHeaderData: '', StockReachGraph: fixture('graph') };
  });

  it('is repaired by the last point of the graph', async () => {
    expect(await quotes()()).toMatchObject({ price: 2345, eventTime: Date.UTC(2023, 9, 11, 9, 59), volume: undefined });
    expect(asked).toEqual(['getScripHeaderData', 'StockReachGraph']);
  });

  it('is repaired now and then, not every time', async () => {
    const ask = quotes();
    for (let i = 0; i < 10; i++) {
      await ask();
      clock.advance(3000);
    }
    expect(asked.filter((route) => route === 'StockReachGraph')).toHaveLength(2);
  });

  it('is not repaired again for minutes when the graph has none either: nobody knows the scrip', async () => {
    answers = { ...answers, StockReachGraph: '' };
    const ask = quotes();
    for (let i = 0; i < 99; i++) {
      expect(await ask()).toMatchObject({ retryable: false, message: expect.stringMatching(/unknown or suspended/) });
      clock.advance(3000);
    }
    expect(asked.filter((route) => route === 'StockReachGraph')).toHaveLength(1);
  });

  it('is repaired again soon after a graph that failed by itself', async () => {
    const ask = quotes();
    answers = { ...answers, StockReachGraph: new HttpStatusError('bse', 500) };
    expect(await ask()).toBeInstanceOf(MarketDataError);
    answers = { ...answers, StockReachGraph: fixture('graph') };
    clock.advance(15_000);
    expect(await ask()).toMatchObject({ price: 2345 });
  });

  it('is not repaired for a suspended scrip', async () => {
    answers = { ...answers, getScripHeaderData: fixture('scrip-header-suspended') };
    expect(await quotes()()).toMatchObject({ message: expect.stringMatching(/Suspended due to Penal Reasons/) });
    expect(asked).toEqual(['getScripHeaderData']);
  });
});

it.each([new HttpStatusError('bse', 403), new SourceFailedError('bse', 'timed out')])(
  'asks nothing more when the header fails by itself: %s',
  async (error) => {
    answers = { ...answers, getScripHeaderData: error, StockReachGraph: fixture('graph') };
    expect(await quotes({ depth: true })()).toBe(error);
    expect(asked).toEqual(['getScripHeaderData']);
  },
);
