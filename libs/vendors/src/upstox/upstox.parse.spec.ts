import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Tick, tick, VendorFrameError } from '#domain';
import { encodeByProto } from '../../../../test/conformance/upstox-proto.js';
import { aBook } from '../../../../test/support/books.js';
import { anInstrument } from '../../../../test/support/instruments.js';
import { parseFeedFrame } from './upstox.parse.js';

const NOW = 1_740_729_566_100;
const SBIN = 'NSE_EQ|INE062A01020';
const NIFTY = 'NSE_INDEX|Nifty 50';
const INSTRUMENTS = new Map([
  [SBIN, anInstrument({ id: 'NSE:SBIN' })],
  [NIFTY, anInstrument({ id: 'NSE:NIFTY50' })],
]);
const frames = JSON.parse(readFileSync(new URL('./fixtures/frames.json', import.meta.url), 'utf8')) as Record<
  string,
  object
>;

interface Reading {
  readonly ticks: Tick[];
  readonly malformed: VendorFrameError[];
  readonly segments: Record<string, string>;
}

function read(frame: Buffer): Reading {
  const malformed: VendorFrameError[] = [];
  const segments: Record<string, string> = {};
  const ticks = parseFeedFrame(frame, NOW, {
    instrumentOf: (key) => INSTRUMENTS.get(key),
    malformed: (error) => malformed.push(error),
    segment: (name, status) => (segments[name] = status),
  });
  return { ticks, malformed, segments };
}

const ticksOf = (view: object): Tick[] => read(encodeByProto(view)).ticks;
const live = (feed: object, key = SBIN): object => ({ type: 'live_feed', feeds: { [key]: feed } });
const market = (marketFF: object): object => live({ fullFeed: { marketFF } });
const sbin = (given: Partial<Tick>): Tick =>
  tick({ instrument: 'NSE:SBIN', vendor: 'upstox', receivedAt: NOW, ...given });

describe('reads', () => {
  it.each<[string, Tick[]]>([
    ['marketInfo', []],
    ['ltpc', [sbin({ price: 219.3, eventTime: 1_740_729_552_723, lastSize: 75, previousClose: 494.05 })]],
    [
      'full',
      [
        sbin({
          price: 805.5,
          eventTime: 1_719_200_000_000,
          lastSize: 5,
          previousClose: 798,
          bid: 805.45,
          bidSize: 11,
          ask: 805.55,
          askSize: 22,
          open: 800,
          high: 810,
          low: 799,
          averagePrice: 800.12,
          volume: 1_234_567,
          openInterest: 4200,
          book: aBook(
            [
              [805.45, 11],
              [805.4, 33],
            ],
            [
              [805.55, 22],
              [805.6, 44],
            ],
          ),
        }),
      ],
    ],
    ['bookOnly', [sbin({ bid: 805.4, bidSize: 7, ask: 805.5, askSize: 9, book: aBook([[805.4, 7]], [[805.5, 9]]) })]],
    [
      'index',
      [
        sbin({
          instrument: 'NSE:NIFTY50',
          price: 24_500.35,
          eventTime: 1_719_200_000_000,
          previousClose: 24_400.1,
          open: 24_410,
          high: 24_550.2,
          low: 24_390,
        }),
      ],
    ],
    [
      'greeks',
      [
        sbin({
          price: 219.3,
          eventTime: 1_740_729_552_723,
          lastSize: 75,
          previousClose: 494.05,
          bid: 219.05,
          bidSize: 75,
          ask: 219.4,
          askSize: 150,
          volume: 99_000,
          openInterest: 123_450,
        }),
      ],
    ],
  ])('a frame of kind %s', (name, expected) => {
    const { ticks, malformed } = read(encodeByProto(frames[name] as object));
    expect(ticks).toEqual(expected);
    expect(malformed).toEqual([]);
  });

  it('the state of each segment, PRE_OPEN_START too, which is 0 on the wire', () => {
    expect(read(encodeByProto(frames['marketInfo'] as object)).segments).toEqual({
      NSE_EQ: 'NORMAL_OPEN',
      NSE_INDEX: 'NORMAL_CLOSE',
      MCX_FO: 'PRE_OPEN_START',
    });
  });

  it('every record of a frame but those of keys nobody asked for', () => {
    const feed = { ltpc: { ltp: 1 } };
    expect(ticksOf({ feeds: { 'NSE_EQ|X': feed, [SBIN]: feed, [NIFTY]: feed } })).toHaveLength(2);
  });
});

describe('takes for not said', () => {
  it('a price of 0, and all that depends on it', () => {
    expect(ticksOf(live({ ltpc: { ltp: 0, ltt: '1740729552723', cp: 798 } }))).toEqual([sbin({ previousClose: 798 })]);
  });

  it('day values of 0 before the first trade', () => {
    const ohlc = [{ interval: '1d', open: 0, high: 0, low: 0 }];
    expect(ticksOf(market({ vtt: 0, atp: 0, ltpc: { cp: 5 }, marketOHLC: { ohlc } }))).toEqual([
      sbin({ previousClose: 5 }),
    ]);
  });

  it('a whole record without a value, which makes no tick', () => {
    expect(ticksOf(market({ marketLevel: { bidAskQuote: [{}, { bidP: 5 }] }, tbq: 100 }))).toEqual([]);
  });

  it('candles of minutes', () => {
    expect(ticksOf(market({ marketOHLC: { ohlc: [{ interval: 'I1', open: 5, high: 6, low: 4 }] } }))).toEqual([]);
  });
});

it('keeps five levels of a book, whatever comes behind them', () => {
  const levels = Array.from({ length: 30 }, (_, i) => ({ bidP: 800 - i, bidQ: 10 + i, askP: 801 + i, askQ: 20 + i }));
  const [found] = ticksOf(market({ marketLevel: { bidAskQuote: levels } }));
  const first = levels.slice(0, 5);
  expect(found?.book).toEqual(
    aBook(
      first.map(({ bidP, bidQ }) => [bidP, bidQ]),
      first.map(({ askP, askQ }) => [askP, askQ]),
    ),
  );
});

it('says that one side of the book is empty when only the other has a price', () => {
  const level = { bidAskQuote: [{ bidP: 805.5, bidQ: 70 }] };
  expect(ticksOf(market({ marketLevel: level }))).toEqual([
    sbin({ bid: 805.5, bidSize: 70, ask: NaN, askSize: NaN, book: aBook([[805.5, 70]], []) }),
  ]);
});

it('takes the noise of floats from prices', () => {
  expect(ticksOf(live({ ltpc: { ltp: Math.fround(50_000.35), cp: 0.1 + 0.2 } }))).toEqual([
    sbin({ price: 50_000.35, previousClose: 0.3 }),
  ]);
});

describe('of a frame that is partly wrong', () => {
  it.each([NaN, Infinity, -Infinity, 1e300])('leaves out and reports the record with the number %s', (ltp) => {
    const { ticks, malformed } = read(
      encodeByProto({ feeds: { [SBIN]: { ltpc: { ltp } }, [NIFTY]: { ltpc: { ltp: 5 } } } }),
    );
    expect(ticks.map(({ instrument }) => instrument)).toEqual(['NSE:NIFTY50']);
    expect(malformed).toHaveLength(1);
    expect(malformed[0]!.message).toMatch(/is no number of a market/);
  });

  it('leaves out a record that does not fit its length, and reads the next', () => {
    const broken = Buffer.from([0x0a, SBIN.length, ...Buffer.from(SBIN), 0x12, 3, 0x0a, 9, 0x09]);
    const good = encodeByProto(live({ ltpc: { ltp: 5 } }, NIFTY));
    const { ticks, malformed } = read(Buffer.concat([Buffer.from([0x12, broken.length]), broken, good]));
    expect(ticks.map(({ instrument }) => instrument)).toEqual(['NSE:NIFTY50']);
    expect(malformed).toHaveLength(1);
  });
});

describe('refuses', () => {
  it.each([
    ['a frame cut short', encodeByProto(frames['full'] as object).subarray(0, -9)],
    ['a text', Buffer.from('{"status":"failed"}')],
    ['a group, which proto3 does not have', Buffer.from([0x0b])],
    ['a field without a number', Buffer.from([0x00, 0x01])],
    ['an integer without an end', Buffer.alloc(12, 0xff)],
  ])('%s', (_, frame) => {
    expect(() => read(frame)).toThrow(VendorFrameError);
  });

  it('with a sample of 200 characters at most', () => {
    const sampleOf = (frame: Buffer): string | undefined => {
      try {
        read(frame);
        return undefined;
      } catch (error) {
        return (error as VendorFrameError).sample;
      }
    };
    expect(sampleOf(Buffer.alloc(5000, 0xff))).toHaveLength(200);
  });
});

describe('whatever comes', () => {
  const numbersOf = (one: Tick): unknown[] => Object.values(one).filter((value) => typeof value === 'number');
  const survives = (frame: Buffer): void => {
    let ticks: Tick[] = [];
    try {
      ({ ticks } = read(frame));
    } catch (error) {
      if (!(error instanceof VendorFrameError)) throw error;
      expect(error.sample.length).toBeLessThanOrEqual(200);
    }
    for (const one of ticks) for (const value of numbersOf(one)) expect(value).not.toBe(0);
    for (const one of ticks) for (const value of numbersOf(one)) expect(Math.abs(value as number)).not.toBe(Infinity);
  };

  it('throws nothing but VendorFrameError for random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => survives(Buffer.from(bytes))),
      { numRuns: 2000 },
    );
  });

  it('throws nothing but VendorFrameError for true frames with wrong bytes in them', () => {
    const good = ['full', 'greeks', 'index', 'ltpc', 'marketInfo'].map((name) => encodeByProto(frames[name] as object));
    fc.assert(
      fc.property(
        fc.constantFrom(...good),
        fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 6 }),
        fc.nat(400),
        (frame, changes, length) => {
          const bytes = Buffer.from(frame.subarray(0, Math.max(1, length)));
          for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
          survives(bytes);
        },
      ),
      { numRuns: 3000 },
    );
  });

  const price = fc.integer({ min: 1, max: 9_999_999_999 }).map((steps) => steps / 100);
  const count = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });

  it('reads back what the schema of the vendor has written', () => {
    const feed = fc.record({
      ltp: price,
      ltt: count,
      ltq: count,
      cp: price,
      bidP: price,
      bidQ: count,
      askP: price,
      askQ: count,
      atp: price,
      vtt: count,
      oi: fc.nat(),
    });
    fc.assert(
      fc.property(feed, ({ ltp, ltt, ltq, cp, bidP, bidQ, askP, askQ, atp, vtt, oi }) => {
        const view = market({
          ltpc: { ltp, ltt, ltq, cp },
          marketLevel: { bidAskQuote: [{ bidP, bidQ, askP, askQ }, { bidP: 1 }] },
          atp,
          vtt,
          oi,
        });
        expect(ticksOf(view)).toEqual([
          sbin({
            price: ltp,
            eventTime: ltt,
            lastSize: ltq,
            previousClose: cp,
            bid: bidP,
            bidSize: bidQ,
            ask: askP,
            askSize: askQ,
            averagePrice: atp,
            volume: vtt,
            openInterest: oi === 0 ? undefined : oi,
            book: aBook(
              [
                [bidP, bidQ],
                [1, NaN],
              ],
              [[askP, askQ]],
            ),
          }),
        ]);
      }),
    );
  });

  it('reads negative integers as what they are', () => {
    fc.assert(
      fc.property(fc.integer({ min: -Number.MAX_SAFE_INTEGER, max: -1 }), (vtt) => {
        expect(ticksOf(market({ vtt }))).toEqual([sbin({ volume: vtt })]);
      }),
    );
  });
});
