import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Tick, tick, VendorFrameError } from '#domain';
import type { FrameContext } from '../transports/ws-feed.js';
import { HsmSession } from './hsm-session.js';

type FrameName = 'authAccepted' | 'indexSnapshot' | 'scripSnapshot' | 'update' | 'lite' | 'subscribeRefused';
const NOW = 1_719_200_005_000;
const recorded = JSON.parse(readFileSync(new URL('./fixtures/frames.json', import.meta.url), 'utf8')) as Record<
  FrameName,
  string
>;
const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');
const instruments: Readonly<Record<string, string>> = {
  'sf|nse_cm|3045': 'NSE:SBIN',
  'if|nse_cm|Nifty 50': 'NSE:NIFTY50',
};

let session: HsmSession;
let replies: string[];
let malformed: VendorFrameError[];

const context: FrameContext = {
  reply: (...messages) => void replies.push(...messages.map((message) => Buffer.from(message).toString('hex'))),
  malformed: (error) => void malformed.push(error),
};

beforeEach(() => {
  session = new HsmSession((topic) => instruments[topic]);
  replies = [];
  malformed = [];
});

const receive = (frame: FrameName | Buffer): Tick[] =>
  session.receive(typeof frame === 'string' ? bytes(recorded[frame]) : frame, NOW, context);
const sbin = (given: Partial<Tick>): Tick =>
  tick({ instrument: 'NSE:SBIN', vendor: 'fyers', receivedAt: NOW, ...given });
/** A data message: entries as hexadecimal digits. */
const data = (...entries: string[]): Buffer =>
  Buffer.concat([
    bytes('0000 06 00000009'),
    bytes(entries.length.toString(16).padStart(4, '0')),
    ...entries.map((entry) => bytes(entry)),
  ]);
const snapshotOf = (values: string, scale = '0001 02'): string =>
  `53 0007 0e 73667c6e73655f636d7c33303435 ${(bytes(values).length / 4).toString(16).padStart(2, '0')} ${values} 0000 ${scale} 00 00 00`;

describe('reads what is recorded', () => {
  it('a snapshot of a share, with open interest and limits where the vendor gives them', () => {
    expect(receive('scripSnapshot')).toEqual([
      sbin({
        eventTime: 1_719_200_001_000,
        eventTimeStep: 1000,
        price: 805.5,
        volume: 1_234_567,
        bid: 805.45,
        ask: 805.55,
        bidSize: 100,
        askSize: 200,
        lastSize: 5,
        averagePrice: 800.12,
        open: 800,
        high: 810,
        low: 799,
        previousClose: 798,
        lowerCircuit: 720,
        upperCircuit: 880,
      }),
    ]);
  });

  it('an update: only what it says', () => {
    receive('scripSnapshot');
    expect(receive('update')).toEqual([sbin({ price: 805.6, volume: 1_234_600 })]);
  });

  it('a lite update: the price', () => {
    receive('scripSnapshot');
    expect(receive('lite')).toEqual([sbin({ price: 805.75 })]);
  });

  it('a snapshot of an index', () => {
    expect(receive('indexSnapshot')).toEqual([
      sbin({
        instrument: 'NSE:NIFTY50',
        eventTime: 1_719_200_002_000,
        eventTimeStep: 1000,
        price: 23_501.25,
        previousClose: 23_400,
        high: 23_600,
        low: 23_300,
        open: 23_450,
      }),
    ]);
  });
});

describe('takes what is not said for unknown, never for 0', () => {
  it('prices, limits and open interest of 0', () => {
    const zero = '00000000';
    const values = [...Array<string>(21).keys()].map((i) => (i === 0 ? '00013aa6' : zero)).join('');
    expect(receive(data(snapshotOf(values)))).toEqual([
      sbin({ price: 805.5, volume: 0, bid: NaN, ask: NaN, bidSize: 0, askSize: 0, lastSize: 0 }),
    ]);
  });

  it('a snapshot without bid and ask says that there are none, an update without them says nothing', () => {
    const none = '80000000';
    const price = `00013aa6${none.repeat(7)}`;
    expect(receive(data(snapshotOf(price)))).toEqual([sbin({ price: 805.5, bid: NaN, ask: NaN })]);
    expect(receive(data(`55 0007 08 ${price}`))).toEqual([sbin({ price: 805.5 })]);
  });

  it('a count that has run over', () => {
    expect(receive(data(snapshotOf('00013aa6 80000001')))).toEqual([sbin({ price: 805.5 })]);
  });

  it('an update that says only a time is no tick', () => {
    receive('scripSnapshot');
    expect(receive(data('55 0007 04 80000000 80000000 6678e903 6678e904'))).toEqual([]);
  });
});

it('keeps open interest, and the scale of each topic', () => {
  const values = `00013aa6${'80000000'.repeat(11)}00000457`;
  expect(receive(data(snapshotOf(values, '0001 04')))).toMatchObject([{ price: 8.055, openInterest: 1111 }]);
  expect(receive('lite')).toMatchObject([{ price: 8.0575 }]);
});

it('reads several entries of one message in their order', () => {
  receive('scripSnapshot');
  receive('indexSnapshot');
  const ticks = receive(data('4c 0007 00013abf', '55 0008 01 0023dc2e', '4c 0007 00013ac0'));
  expect(ticks.map(({ instrument, price }) => [instrument, price])).toEqual([
    ['NSE:SBIN', 805.75],
    ['NSE:NIFTY50', 23_501.26],
    ['NSE:SBIN', 805.76],
  ]);
});

it('acknowledges as often as the vendor asks, unreadable messages too', () => {
  receive('scripSnapshot');
  expect(replies).toEqual([]);
  receive('authAccepted');
  receive('indexSnapshot');
  receive('scripSnapshot');
  receive('update');
  expect(() => receive(bytes('0000 06 00000004 0001 ff'))).toThrow(VendorFrameError);
  expect(replies).toEqual(['0009030101000400000002', '0009030101000400000004']);
});

describe('goes on after what it cannot read', () => {
  it('reports an update before its snapshot, and reads the rest', () => {
    receive('scripSnapshot');
    const ticks = receive(data('55 0063 02 00000001 00000002', '4c 0062 00000001', '4c 0007 00013abf'));
    expect(ticks).toEqual([sbin({ price: 805.75 })]);
    expect(malformed.map(({ message }) => message)).toEqual(
      Array<string>(2).fill('fyers: an update before its snapshot'),
    );
  });

  it('reports a topic nobody asked for once, and passes over its updates', () => {
    const other = recorded.scripSnapshot.replace('73667c6e73655f636d7c33303435', '73667c6e73655f636d7c33303436');
    expect(receive(bytes(other))).toEqual([]);
    expect(receive('update')).toEqual([]);
    expect(malformed.map(({ message }) => message)).toEqual(['fyers: a snapshot of a topic nobody asked for']);
  });

  it.each([
    ['a multiplier of 0', '0000 02'],
    ['impossible decimals', '0001 0a'],
  ])('reports %s, and gives no price', (_, scale) => {
    expect(receive(data(snapshotOf('00013aa6', scale)))).toEqual([]);
    expect(receive('lite')).toEqual([]);
    expect(malformed).toHaveLength(1);
  });

  it('keeps the ticks before the place where a message breaks off', () => {
    receive('scripSnapshot');
    const whole = data('4c 0007 00013abf', '55 0007 02 00013ac0 0012d6a8');
    expect(receive(whole.subarray(0, -3))).toEqual([sbin({ price: 805.75 })]);
    expect(malformed.map(({ message }) => message)).toEqual(['fyers: an entry that ends early']);
  });

  it('forgets the number of another topic when the vendor gives it anew', () => {
    receive('scripSnapshot');
    receive(bytes(recorded.indexSnapshot.replace('53 0008', '53 0007')));
    expect(receive('lite')).toMatchObject([{ instrument: 'NSE:NIFTY50', price: 805.75 }]);
  });
});

describe('refuses, with a short sample,', () => {
  it.each([
    ['nothing', ''],
    ['a message without a type', '0000'],
    ['an unknown type', '0001 63'],
    ['data without a head', '0003 06 000000'],
    ['an unknown kind of entry', '0000 06 00000001 0001 41 0007 00'],
    ['an answer without a status', '0000 04 01 02 0001 4b'],
    ['an answer that breaks off', '0000 01 02 01 0001 4b 02 0004 0000'],
  ])('%s', (_, hex) => {
    expect(() => receive(bytes(hex))).toThrow(VendorFrameError);
  });

  it('whatever the vendor sends: ticks, or a report, never another error', () => {
    const known = Object.values(recorded).map((hex) => bytes(hex));
    const cut = fc
      .tuple(fc.constantFrom(...known), fc.nat(200), fc.nat(200), fc.integer({ min: 0, max: 255 }))
      .map(([frame, end, at, byte]) => {
        const copy = Buffer.from(frame.subarray(0, end));
        if (at < copy.length) copy[at] = byte;
        return copy;
      });
    const garbage = fc
      .tuple(fc.constantFrom('000006', '000001', '000004', ''), fc.uint8Array({ maxLength: 80 }))
      .map(([head, tail]) => Buffer.concat([bytes(head), tail]));
    fc.assert(
      fc.property(fc.array(fc.oneof(cut, garbage), { maxLength: 8 }), (frames) => {
        session = new HsmSession((topic) => instruments[topic]);
        receive('scripSnapshot');
        for (const frame of frames) {
          try {
            for (const one of receive(frame)) for (const value of Object.values(one)) expect(value).not.toBe(Infinity);
          } catch (error) {
            expect(error).toBeInstanceOf(VendorFrameError);
            malformed.push(error as VendorFrameError);
          }
        }
        for (const { sample } of malformed.splice(0)) expect(sample.length).toBeLessThanOrEqual(200);
      }),
      { numRuns: 1000 },
    );
  });
});
