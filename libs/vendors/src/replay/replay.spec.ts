import { describe, expect, it } from 'vitest';
import { type FeedStatus, type Recording, type ReplaySpeed, type Tick, tick } from '#domain';
import { ManualClock } from '../../../../test/support/manual-clock.js';
import { ReplayFeed } from './replay.feed.js';

const NINE = Date.parse('2026-11-20T03:45:00.000Z');
const NOW = Date.parse('2026-12-01T10:00:00.000Z');

function recorded(afterMs: number, given: Partial<Tick> = {}): Tick {
  return tick({
    instrument: 'NSE:TCS',
    vendor: 'bse',
    receivedAt: NINE + afterMs,
    price: 100 + afterMs / 1000,
    ...given,
  });
}

/** A recording in pages; counts how many were asked for. */
class Pages implements Recording {
  readonly name = 'day';
  asked = 0;

  constructor(
    private readonly ticks: readonly Tick[],
    private readonly perPage = 3,
    private readonly failAt = Infinity,
  ) {}

  async *pages(from: number): AsyncIterable<readonly Tick[]> {
    const wanted = this.ticks.filter(({ receivedAt }) => receivedAt >= from);
    for (let at = 0; at < wanted.length; at += this.perPage) {
      this.asked++;
      await Promise.resolve();
      if (at >= this.failAt) throw new Error('the engine is away');
      yield wanted.slice(at, at + this.perPage);
    }
  }
}

function aReplay(recording: Recording, speed: ReplaySpeed = 1, loop = false) {
  const clock = new ManualClock(NOW);
  const feed = new ReplayFeed(recording, { speed, loop }, [], clock);
  const ticks: Tick[] = [];
  const states: FeedStatus['state'][] = [];
  feed.start({
    tick: (told) => void ticks.push(told),
    malformed: () => undefined,
    status: ({ state }) => void states.push(state),
  });
  const after = async (ms: number): Promise<number[]> => {
    const before = ticks.length;
    await settled();
    for (let step = 0; step < ms; step += 5) {
      clock.advance(Math.min(5, ms - step));
      await settled();
    }
    return ticks.slice(before).map(({ price = NaN }) => price);
  };
  return { clock, feed, ticks, states, after, control: feed.control };
}

/** Lets what is read arrive. */
async function settled(): Promise<void> {
  for (let i = 0; i < 12; i++) await Promise.resolve();
}

describe('a replay', () => {
  const seconds = new Pages([0, 1000, 1000, 2000, 5000].map((ms) => recorded(ms)));

  it('tells ticks with the gaps in which they were received', async () => {
    const { after } = aReplay(seconds);
    expect(await after(0)).toEqual([100]);
    expect(await after(995)).toEqual([]);
    expect(await after(5)).toEqual([101, 101]);
    expect(await after(1000)).toEqual([102]);
    expect(await after(3000)).toEqual([105]);
  });

  it('is as many times faster as its speed says', async () => {
    const { after } = aReplay(seconds, 10);
    await after(0);
    expect(await after(95)).toEqual([]);
    expect(await after(10)).toEqual([101, 101]);
    expect(await after(400)).toEqual([102, 105]);
  });

  it('keeps event times, is received now, and comes from the replay', async () => {
    const { ticks, after, clock } = aReplay(new Pages([recorded(0, { eventTime: NINE - 40 })]));
    await after(0);
    expect(ticks[0]).toMatchObject({ eventTime: NINE - 40, receivedAt: clock.now(), vendor: 'replay', price: 100 });
  });

  it('gives a tick without event time the newest of its symbol, so that the next one is not late', async () => {
    const { ticks, after } = aReplay(
      new Pages(
        [
          recorded(0, { eventTime: NINE - 40 }),
          recorded(10),
          recorded(20, { eventTime: NINE - 5 }),
          recorded(30, { instrument: 'NSE:INFY' }),
        ],
        9,
      ),
      'max',
    );
    await after(5);
    expect(ticks.map(({ eventTime }) => (eventTime ?? NaN) - NINE)).toEqual([-40, -40, -5, 30]);
  });

  it('counts on from one vendor to the next: the difference between their counts was not traded', async () => {
    const counts: [string, number][] = [
      ['a', 1000],
      ['a', 1010],
      ['b', 400],
      ['b', 405],
      ['a', 1020],
      ['a', 1030],
      ['a', 5],
    ];
    const day = counts.map(([vendor, volume], i) => recorded(i, { vendor, volume }));
    const { ticks, after } = aReplay(new Pages(day, 9), 'max');
    await after(5);
    expect(ticks.map(({ volume }) => volume)).toEqual([1000, 1010, 1010, 1015, 1015, 1025, 0]);
  });

  it('refuses a time that the recording has not, and comes round after a seek behind its last tick', async () => {
    const pages = Object.assign(new Pages([0, 1, 2].map((ms) => recorded(ms))), {
      span: { from: NINE, to: NINE + 60_000 },
    });
    const { after, control, clock } = aReplay(pages, 1, true);
    await after(5);
    for (const to of [NaN, Date.UTC(1990, 0, 1), NINE + 60_000]) expect(() => control.seek(to)).toThrow('a time of');
    control.seek(NINE + 59_000);
    const { lap } = control.progress();
    await after(20);
    expect(control.progress().lap).toBeGreaterThan(lap);
    expect(clock.pending).toBeGreaterThan(0);
  });

  it('waits for a tick that is a year away without turning round and round', async () => {
    const { control, clock, after } = aReplay(new Pages([recorded(0)]));
    const pauses: number[] = [];
    const wait = clock.after.bind(clock);
    clock.after = (ms, task) => (pauses.push(ms), wait(ms, task));
    control.seek(Date.UTC(1990, 0, 1));
    await after(50);
    expect(Math.max(...pauses)).toBe(60_000);
  });

  it('tells everything at once at speed max, a page ahead and no more', async () => {
    const long = new Pages(
      Array.from({ length: 3000 }, (_, i) => recorded(i * 1000)),
      500,
    );
    const { ticks, after } = aReplay(long, 'max');
    await settled();
    expect(ticks.length).toBeGreaterThan(0);
    expect(long.asked).toBeLessThanOrEqual(Math.ceil(ticks.length / 500) + 2);
    await after(100);
    expect(ticks).toHaveLength(3000);
  });

  it('ends idle', async () => {
    const { states, after, feed, control } = aReplay(seconds, 'max');
    await after(10);
    expect(states).toEqual(['live', 'idle']);
    expect(feed.streamingSince()).toBeUndefined();
    expect(control.progress()).toMatchObject({ state: 'ended', ticks: 5, position: NINE + 5000 });
  });

  it('ends at once when nothing was recorded, also when it should loop', async () => {
    const { after, control } = aReplay(new Pages([]), 1, true);
    await after(5);
    expect(control.progress()).toMatchObject({ state: 'ended', ticks: 0 });
  });

  it('begins anew when it loops, and says so before', async () => {
    const { after, control, ticks } = aReplay(seconds, 'max', true);
    const told: number[] = [];
    control.onRewind(() => void told.push(ticks.length));
    await after(12);
    expect(told.slice(0, 2)).toEqual([5, 10]);
    expect(control.progress().lap).toBeGreaterThanOrEqual(2);
  });

  it('stands still while paused, and goes on where it was', async () => {
    const { after, control } = aReplay(seconds);
    await after(600);
    control.pause();
    expect(await after(60_000)).toEqual([]);
    expect(control.progress()).toMatchObject({ state: 'paused', position: NINE + 600 });
    control.resume();
    expect(await after(395)).toEqual([]);
    expect(await after(5)).toEqual([101, 101]);
  });

  it('goes to another time, forwards and back', async () => {
    const { after, control } = aReplay(seconds);
    let rewinds = 0;
    control.onRewind(() => void rewinds++);
    await after(0);
    control.seek(NINE + 4900);
    expect(await after(100)).toEqual([105]);
    control.seek(NINE + 900);
    expect(await after(95)).toEqual([]);
    expect(await after(5)).toEqual([101, 101]);
    expect(rewinds).toBe(2);
  });

  it('changes its speed where it is', async () => {
    const { after, control } = aReplay(seconds);
    await after(500);
    control.setSpeed(100);
    expect(await after(5)).toEqual([101, 101]);
    control.setSpeed('max');
    expect(await after(5)).toEqual([102, 105]);
  });

  it('is down when the recording cannot be read, and can be led on', async () => {
    const { after, control, feed, states } = aReplay(
      new Pages(
        [0, 1, 2, 3].map((ms) => recorded(ms)),
        2,
        2,
      ),
      'max',
    );
    await after(10);
    expect(feed.status()).toMatchObject({ state: 'down', lastError: 'the engine is away' });
    expect(states.at(-1)).toBe('down');
    control.seek(NINE + 2);
    await after(10);
    expect(control.progress()).toMatchObject({ state: 'ended', error: undefined });
  });

  it('leaves nothing behind when it stops', async () => {
    const { after, feed, clock } = aReplay(seconds);
    await after(10);
    await feed.stop();
    expect(clock.pending).toBe(0);
    expect(await after(10_000)).toEqual([]);
  });
});
