import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Tick, VendorFrameError } from '#domain';
import { anInstrument } from '../../../../test/support/instruments.js';
import { type Channel, leadingChannel } from './polygon.channels.js';
import { conditionsWithoutPrice } from './polygon.conditions.js';
import { parsePolygonFrame } from './polygon.parse.js';
import { polygonClose, polygonSignal } from './polygon.status.js';

const NOW = 1_651_684_193_000;
const fixture = (name: string): string => readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8');
const frames = fixture('frames.jsonl').trim().split('\n');
const events = JSON.parse(fixture('events.json')) as Record<string, object>;
const known = new Map(
  ['AAPL', 'AMZN', 'MSFT', 'SPCE', 'BRK.B'].map((ticker) => [
    ticker,
    anInstrument({ id: `NASDAQ:${ticker}`, tickSize: 0.01 }),
  ]),
);
known.set('GTE', anInstrument({ id: 'NYSE:GTE', tickSize: 0.0001, decimals: 4 }));

let malformed: VendorFrameError[] = [];
let connected = 0;

function parse(frame: unknown, leading: Channel = 'T', extendedHours = false): Partial<Tick>[] {
  malformed = [];
  connected = 0;
  const data = Buffer.from(typeof frame === 'string' ? frame : JSON.stringify(frame));
  const options = {
    instrumentOf: (ticker: string) => known.get(ticker),
    leading,
    lotSize: 100,
    conditionsWithoutPrice: conditionsWithoutPrice(extendedHours),
  };
  return parsePolygonFrame(data, NOW, options, {
    malformed: (error) => malformed.push(error),
    connected: () => connected++,
  }).map(said);
}

const said = (tick: Tick): Partial<Tick> =>
  Object.fromEntries(Object.entries(tick).filter(([, value]) => value !== undefined));
const from = { vendor: 'polygon', receivedAt: NOW };

describe('a recorded frame', () => {
  it('of a trade is the last price, its size and its time', () => {
    expect(parse(frames[3])).toEqual([
      { ...from, instrument: 'NASDAQ:AAPL', price: 161.87, lastSize: 300, eventTime: 1_651_684_192_462 },
    ]);
  });

  it('of two trades gives one tick, for one is an odd lot', () => {
    expect(parse(frames[4])).toEqual([
      { ...from, instrument: 'NASDAQ:AMZN', price: 161.87, lastSize: 100, eventTime: 1_651_684_192_717 },
    ]);
  });

  it('of a status says nothing of prices, and that the vendor waits for the key when it does', () => {
    expect(frames.map((frame) => [parse(frame).length, connected])).toEqual([
      [0, 1],
      [0, 0],
      [0, 0],
      [1, 0],
      [1, 0],
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
    expect(malformed).toEqual([]);
  });
});

describe('an event of the specification', () => {
  it('T, where extended hours count: a price finer than a cent is rounded', () => {
    expect(parse([events['/stocks/T']])).toEqual([]);
    expect(parse([events['/stocks/T']], 'T', true)).toEqual([
      { ...from, instrument: 'NASDAQ:MSFT', price: 114.13, lastSize: 100, eventTime: 1_536_036_818_784 },
    ]);
  });

  it('Q: a bid is rounded down and an ask up, sizes are lots, and the time is the trades’', () => {
    const quote = { ...from, instrument: 'NASDAQ:MSFT', bid: 114.12, ask: 114.13, bidSize: 10_000, askSize: 16_000 };
    expect(parse([events['/stocks/Q']])).toEqual([quote]);
    expect(parse([events['/stocks/Q']], 'Q')).toEqual([{ ...quote, eventTime: 1_536_036_818_784 }]);
  });

  it('AM beside trades: the day, no price and no time', () => {
    expect(parse([events['/stocks/AM']])).toEqual([
      { ...from, instrument: 'NYSE:GTE', volume: 9_470_157, averagePrice: 0.4352, open: 0.4372 },
    ]);
  });

  it('AM alone: its close is the price, known to the minute from its start', () => {
    expect(parse([events['/stocks/AM']], 'AM')).toEqual([
      {
        ...from,
        instrument: 'NYSE:GTE',
        price: 0.4486,
        volume: 9_470_157,
        averagePrice: 0.4352,
        open: 0.4372,
        eventTime: 1_610_144_640_000,
        eventTimeStep: 60_000,
      },
    ]);
  });

  it('A alone: the same for a second', () => {
    expect(parse([events['/stocks/A']], 'A')).toMatchObject([
      { instrument: 'NASDAQ:SPCE', price: 25.39, eventTime: 1_610_144_868_000, eventTimeStep: 1000 },
    ]);
  });

  it.each(['/stocks/LULD', '/stocks/NOI'])('%s is left alone', (name) => {
    expect(parse([events[name]])).toEqual([]);
    expect(malformed).toEqual([]);
  });
});

describe('the last price is not moved', () => {
  it.each([2, 5, 7, 10, 13, 15, 16, 20, 21, 22, 29, 32, 33, 37, 52, 53, 12])(
    'by a trade of condition %i',
    (condition) => {
      expect(parse([{ ev: 'T', sym: 'AAPL', p: 161.87, s: 100, c: [14, condition], t: NOW }])).toEqual([]);
      expect(parse([{ ev: 'T', sym: 'AAPL', p: 161.87, s: 100, c: condition, t: NOW }])).toEqual([]);
    },
  );

  it.each([[[]], [[0]], [[14, 41]], [null], [undefined]])('but by one of condition %j it is', (c) => {
    expect(parse([{ ev: 'T', sym: 'AAPL', p: 161.87, s: 100, c, t: NOW }])).toMatchObject([{ price: 161.87 }]);
  });

  it('by one without price', () => {
    expect(parse([{ ev: 'T', sym: 'AAPL', p: 0, s: 100, t: NOW }])).toEqual([]);
  });
});

it('reads a quote with one side, and clears the other', () => {
  expect(parse([{ ev: 'Q', sym: 'BRK.B', bp: 0, bs: 0, ap: 480.5, as: 2, t: NOW }])).toEqual([
    { ...from, instrument: 'NASDAQ:BRK.B', bid: NaN, bidSize: NaN, ask: 480.5, askSize: 200 },
  ]);
  expect(parse([{ ev: 'Q', sym: 'BRK.B', bp: 480, bs: 1, t: NOW }])).toEqual([
    { ...from, instrument: 'NASDAQ:BRK.B', bid: 480, bidSize: 100 },
  ]);
});

it('keeps a ticker nobody asked for, so that it is counted as unknown', () => {
  expect(parse([{ ev: 'T', sym: 'ZZZ', p: 1.25, s: 1, t: NOW }])).toMatchObject([{ instrument: 'ZZZ', price: 1.25 }]);
});

it('tells times in finer units by their size, and does without one', () => {
  const times = [NOW, NOW * 1e3, NOW * 1e6, 0, -1, 'soon', undefined].map(
    (t) => parse([{ ev: 'T', sym: 'AAPL', p: 1, s: 1, t }])[0]?.eventTime,
  );
  expect(times).toEqual([NOW, NOW, NOW, undefined, undefined, undefined, undefined]);
});

it('keeps a price that is on the cent on it, bids and asks too', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100_000_000 }), (cents) => {
      const price = cents / 100;
      expect(parse([{ ev: 'T', sym: 'AAPL', p: price, s: 1 }])[0]?.price).toBe(price);
      expect(parse([{ ev: 'Q', sym: 'AAPL', bp: price, ap: price }])[0]).toMatchObject({ bid: price, ask: price });
    }),
  );
});

describe('what cannot be read', () => {
  it.each([
    ['text that is no JSON', '\u0000 not json {{{'],
    ['a frame cut short', frames[3]!.slice(0, 40)],
    ['a number', '42'],
    ['null', 'null'],
    ['text', '"status"'],
  ])('%s is refused as a whole', (_, frame) => {
    expect(() => parse(frame)).toThrow(VendorFrameError);
  });

  it.each<[string, unknown]>([
    ['an event of no known kind', { ev: 'XT', sym: 'AAPL' }],
    ['an event that is none', 7],
    ['a list in the list', []],
    ['null', null],
    ['a trade without ticker', { ev: 'T', p: 1, s: 1 }],
    ['a trade without price', { ev: 'T', sym: 'AAPL', s: 1 }],
    ['a price in text', { ev: 'T', sym: 'AAPL', p: '161.87', s: 1 }],
    ['a negative price', { ev: 'T', sym: 'AAPL', p: -1, s: 1 }],
    ['conditions of another kind', { ev: 'T', sym: 'AAPL', p: 1, s: 1, c: ['F'] }],
    ['a quote without prices', { ev: 'Q', sym: 'AAPL', bs: 1 }],
    ['a quote with a price that is none', { ev: 'Q', sym: 'AAPL', bp: 1, ap: {} }],
    ['a bar without close', { ev: 'AM', sym: 'AAPL', av: 10 }],
  ])('%s is reported, and the rest of its frame is read', (_, event) => {
    expect(parse([event, { ev: 'T', sym: 'AAPL', p: 161.87, s: 1 }])).toMatchObject([{ price: 161.87 }]);
    expect(malformed).toHaveLength(1);
    expect(malformed[0]!.sample.length).toBeLessThanOrEqual(200);
  });

  it('leaves out fields that are no numbers', () => {
    const bar = { ev: 'AM', sym: 'AAPL', c: 1, av: '7', op: null, a: {}, s: 'x', e: 1 };
    expect(parse([bar], 'AM')).toEqual([{ ...from, instrument: 'NASDAQ:AAPL', price: 1, eventTimeStep: 60_000 }]);
  });

  it('never throws anything but a frame error, and never gives a price that is none', () => {
    const value = fc.oneof(fc.jsonValue(), fc.double(), fc.constantFrom('AAPL', -1, 0, 1e308, 5e-324, null));
    const key = fc.constantFrom(
      'ev',
      'sym',
      'p',
      's',
      'c',
      't',
      'bp',
      'bs',
      'ap',
      'as',
      'av',
      'op',
      'a',
      'e',
      'status',
    );
    const event = fc
      .tuple(fc.constantFrom('T', 'Q', 'A', 'AM', 'status', 'LULD', 'x'), fc.dictionary(key, value))
      .map(([ev, fields]) => ({ ev, sym: 'AAPL', ...fields }));
    const leading = fc.constantFrom<Channel>('T', 'A', 'AM', 'Q');
    fc.assert(
      fc.property(fc.oneof(fc.array(fc.oneof(event, fc.jsonValue())), fc.jsonValue()), leading, (frame, channel) => {
        let ticks: Partial<Tick>[] = [];
        try {
          ticks = parse(frame, channel);
        } catch (error) {
          expect(error).toBeInstanceOf(VendorFrameError);
        }
        for (const { price, volume, lastSize, open, bid, eventTime } of ticks) {
          for (const number of [price, lastSize, open]) if (number !== undefined) expect(number).toBeGreaterThan(0);
          if (volume !== undefined) expect(volume).toBeGreaterThanOrEqual(0);
          if (bid !== undefined && !Number.isNaN(bid)) expect(bid).toBeGreaterThan(0);
          if (eventTime !== undefined) expect(Number.isFinite(eventTime)).toBe(true);
        }
        expect(() => polygonSignal(Buffer.from(JSON.stringify(frame)), channel, () => 'X')).not.toThrow(TypeError);
      }),
      { numRuns: 500 },
    );
  });
});

it('takes the price from the finest channel there is', () => {
  expect([['Q', 'AM', 'T'], ['AM', 'A'], ['Q', 'AM'], ['Q']].map((list) => leadingChannel(list as Channel[]))).toEqual([
    'T',
    'A',
    'AM',
    'Q',
  ]);
});

describe('a status message', () => {
  const signal = (frame: string | undefined): unknown =>
    polygonSignal(Buffer.from(frame ?? ''), 'T', (ticker) => known.get(ticker)?.id);
  const error = (message: unknown): string => JSON.stringify([{ ev: 'status', status: 'error', message }]);

  it('says what is to be done', () => {
    expect(frames.map(signal)).toEqual([
      undefined,
      { kind: 'ready' },
      undefined,
      undefined,
      undefined,
      { kind: 'fatal', reason: 'the key is refused: authentication failed' },
      { kind: 'error', reason: 'the key came too late: No authentication request received.' },
      {
        kind: 'cooldown',
        ms: 60_000,
        reason: 'too many connections of this account: Maximum number of websocket connections exceeded.',
      },
    ]);
  });

  it('of a refused topic refuses the instrument, where the topic is what its price comes from', () => {
    expect(signal(error('not authorized for T.BRK.B. Upgrade your plan.'))).toMatchObject({
      kind: 'refused',
      instruments: ['NASDAQ:BRK.B'],
    });
    expect(signal(error('not authorized: Q.AAPL'))).toEqual({ kind: 'error', reason: 'not authorized: Q.AAPL' });
    expect(signal(error('not authorized: T.NOBODY'))).toMatchObject({ kind: 'error' });
    expect(signal(error(undefined))).toEqual({ kind: 'error', reason: '' });
  });
});

it('explains the ends of connections the vendor does not explain', () => {
  expect(polygonClose(1000)).toBeUndefined();
  expect(polygonClose(1006)?.reason).toMatch(/read too slowly/);
  expect(polygonClose(1008)).toMatchObject({ pauseMs: 60_000, reason: expect.stringMatching(/too many connections/) });
});
