import { describe, expect, it } from 'vitest';
import type { Trading } from './bse.trading.parse.js';
import { type Moment, TradingMemory } from './trading-memory.js';

const EVERY_MS = 15_000;
const MINUTE = 60_000;
/** 11:42 in India, and the same minute of the day after. */
const NOON = Date.UTC(2025, 9, 14, 6, 12);
const NEXT_DAY = NOON + 1440 * MINUTE;

const moment = (receivedAt: number, eventTime: number | undefined = receivedAt): Moment => ({
  eventTime,
  receivedAt,
  elapsed: receivedAt - NOON,
});
const trading = (shares: number, precision = 500): Trading => ({
  volume: { shares, precision },
  averagePrice: 1268.4,
  lowerCircuit: 1018.55,
  upperCircuit: 1527.75,
});
const NOTHING: Trading = {
  volume: undefined,
  averagePrice: undefined,
  lowerCircuit: undefined,
  upperCircuit: undefined,
};

describe('trading is asked for', () => {
  it('at first, and then at its own rate, answered or not', () => {
    const memory = new TradingMemory(EVERY_MS);
    expect(memory.isDue(moment(NOON))).toBe(true);
    memory.asking(moment(NOON));
    expect(memory.isDue(moment(NOON + EVERY_MS - 1))).toBe(false);
    expect(memory.isDue(moment(NOON + EVERY_MS))).toBe(true);
  });

  it('at once when the day is another', () => {
    const memory = new TradingMemory(EVERY_MS);
    memory.asking(moment(NOON, NOON - 1440 * MINUTE))(trading(1));
    expect(memory.isDue(moment(NOON + 1000))).toBe(true);
  });

  it('no more when an answer has come two minutes after the last trade, until there is a trade', () => {
    const memory = new TradingMemory(EVERY_MS);
    memory.asking(moment(NOON + MINUTE, NOON))(trading(1));
    expect(memory.isDue(moment(NOON + 2 * MINUTE, NOON))).toBe(true);
    memory.asking(moment(NOON + 2 * MINUTE, NOON))(trading(1));
    expect(memory.isDue(moment(NOON + 60 * MINUTE, NOON))).toBe(false);
    expect(memory.isDue(moment(NOON + 61 * MINUTE, NOON + 61 * MINUTE))).toBe(true);
  });

  it('again after the last trade when there was no answer', () => {
    const memory = new TradingMemory(EVERY_MS);
    memory.asking(moment(NOON + 3 * MINUTE, NOON));
    expect(memory.isDue(moment(NOON + 4 * MINUTE, NOON))).toBe(true);
  });

  it('at its rate where the header tells no time', () => {
    const memory = new TradingMemory(EVERY_MS);
    memory.asking({ ...moment(NOON), eventTime: undefined })(trading(1));
    expect(memory.isDue({ ...moment(NOON + 60 * MINUTE), eventTime: undefined })).toBe(true);
  });
});

describe('what was said of a day', () => {
  it('goes with all quotes of that day, and no other', () => {
    const memory = new TradingMemory(EVERY_MS);
    expect(memory.at(moment(NOON))).toEqual({});
    memory.asking(moment(NOON))(trading(528_000));
    expect(memory.at(moment(NOON + MINUTE))).toEqual({
      volume: 528_000,
      averagePrice: 1268.4,
      lowerCircuit: 1018.55,
      upperCircuit: 1527.75,
    });
    expect(memory.at(moment(NEXT_DAY))).toEqual({});
  });

  it('stays where a later answer leaves it out', () => {
    const memory = new TradingMemory(EVERY_MS);
    memory.asking(moment(NOON))(trading(528_000));
    memory.asking(moment(NOON + MINUTE))(NOTHING);
    expect(memory.at(moment(NOON + MINUTE))).toMatchObject({ volume: 528_000, upperCircuit: 1527.75 });
  });

  it('is not replaced by a late answer about the day before', () => {
    const memory = new TradingMemory(EVERY_MS);
    const late = memory.asking(moment(NOON));
    memory.asking(moment(NEXT_DAY))(trading(1000));
    late(trading(528_000));
    expect(memory.at(moment(NEXT_DAY))).toMatchObject({ volume: 1000 });
  });

  it('holds no count of today where the last trade is of an earlier day', () => {
    const memory = new TradingMemory(EVERY_MS);
    memory.asking(moment(NEXT_DAY, NOON))(trading(0, 0));
    expect(memory.at(moment(NEXT_DAY, NOON))).toMatchObject({ volume: undefined, averagePrice: 1268.4 });
    memory.asking(moment(NEXT_DAY))(trading(0, 0));
    expect(memory.at(moment(NEXT_DAY))).toMatchObject({ volume: 0 });
  });
});

describe('a lower volume', () => {
  it.each([
    [528_000, 500, 527_000, 500, 528_000],
    [100_400, 0, 100_000, 500, 100_400],
    [528_000, 500, 526_999, 500, 526_999],
    [5406, 0, 5405, 0, 5405],
    [528_000, 500, 529_000, 500, 529_000],
  ])('%s +-%s and then %s +-%s is %s: rounding is no drop', (before, precision, now, precisionNow, expected) => {
    const memory = new TradingMemory(EVERY_MS);
    memory.asking(moment(NOON))(trading(before, precision));
    memory.asking(moment(NOON + MINUTE))(trading(now, precisionNow));
    expect(memory.at(moment(NOON + MINUTE))).toMatchObject({ volume: expected });
  });
});
