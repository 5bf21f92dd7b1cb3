import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ExchangeCalendar, type Recording, silentLog, silentMeter, systemClock, type Tick, tick } from '#domain';
import {
  askEngine,
  createHistory,
  FileRecording,
  type History,
  HistoryConfig,
  PreviousCloses,
  RowsRecording,
  sessionsBefore,
  spanOf,
} from '#history';
import { run } from '../../apps/cli/src/run.js';
import { anInstrument } from '../support/instruments.js';

const DAY = '2026-11-20';
const NINE = Date.parse(`${DAY}T09:15:00+05:30`);
const WANTED = {
  date: DAY,
  file: undefined,
  url: undefined,
  apiKey: undefined,
  symbols: [],
  from: undefined,
  to: undefined,
  timeZone: 'Asia/Kolkata',
};
const TICKS = 4000;

let folder: string;
let history: History | undefined;
let out: string;
let err: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tickwire-'));
});

afterEach(async () => {
  await close();
  await rm(folder, { recursive: true });
});

async function open(): Promise<History> {
  const config = Object.assign(new HistoryConfig(), { history: 'embedded', historyDir: join(folder, 'history') });
  history = createHistory(config, true, systemClock, silentLog, silentMeter) as History;
  await history.engine.ready();
  return history;
}

async function close(): Promise<void> {
  await history?.close();
  history = undefined;
}

/** A morning of three symbols: several ticks in one millisecond, trades and mere quotes, late ones, with and without event time. */
async function record(): Promise<void> {
  const { writer } = await open();
  const states = ['NSE:TCS', 'NSE:INFY', 'BSE:500325'].map((id, i) => ({
    instrument: anInstrument({ id }),
    wireId: i + 1,
  }));
  for (let i = 0; i < TICKS; i++) {
    const state = states[(i * 7) % 3] as (typeof states)[number];
    const receivedAt = NINE + Math.floor(i / 4) * 7;
    const isTrade = i % 3 !== 0;
    const told = tick({
      instrument: state.instrument.id,
      vendor: i % 11 === 0 ? 'upstox' : 'bse',
      receivedAt,
      eventTime: i % 5 === 0 ? undefined : receivedAt - 3 - (i % 17),
      ...(isTrade
        ? { price: 100 + (i % 50) / 20, volume: 10 + i, lastSize: 1 + (i % 9) }
        : { bid: 99 + (i % 20) / 20, bidSize: 5, ask: 105 }),
    });
    if (i % 97 === 96) writer.late(told, state);
    else writer.accepted(told, told.volume, state);
  }
  await writer.settle();
}

function tickwire(...args: readonly string[]): Promise<number> {
  out = '';
  err = '';
  return run(args, {
    env: { HISTORY_DIR: join(folder, 'history'), PORT: '1' },
    now: NINE + 3_600_000,
    stdin: () => Promise.resolve(''),
    out: (text) => void (out += text),
    err: (text) => void (err += text),
  });
}

async function all(recording: Recording, from = -Infinity): Promise<Tick[]> {
  const ticks: Tick[] = [];
  for await (const page of recording.pages(from)) ticks.push(...page);
  return ticks;
}

function recorded(given: Partial<typeof WANTED> = {}): Recording {
  return new RowsRecording(
    DAY,
    askEngine(() => history?.engine),
    spanOf(DAY, { ...WANTED, ...given }),
  );
}

async function counted(): Promise<number> {
  const [row] = await (await open()).engine.rows<{ n: number }>('SELECT count() AS n FROM tickwire.ticks');
  await close();
  return Number(row?.n);
}

describe('a recorded day', () => {
  it('comes out as it was received, as a whole, from a time on, and of some symbols', async () => {
    await record();
    const ticks = await all(recorded());
    expect(ticks).toHaveLength(TICKS);
    const times = ticks.map(({ receivedAt }) => receivedAt);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    // those of one symbol and millisecond are in the order they came, which their counts tell
    const counts = ticks
      .filter((one) => one.instrument === 'NSE:TCS' && one.volume !== undefined)
      .map(({ volume }) => volume as number);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(await all(recorded(), NINE + 3000)).toEqual(ticks.filter(({ receivedAt }) => receivedAt >= NINE + 3000));
    expect(await all(recorded({ symbols: ['NSE:TCS'] as never[] }))).toEqual(
      ticks.filter((one) => one.instrument === 'NSE:TCS'),
    );
    expect(await all(recorded({ from: '09:16' as never }))).toEqual([]);
  });

  it('begins with the close of the day before, where that is known and is not of before a split', async () => {
    const { writer } = await open();
    const before = NINE - 86_400_000;
    const last = before + 6 * 3_600_000 + 14 * 60_000;
    const states = ['NSE:TCS', 'NSE:INFY', 'BSE:500325', 'NSE:WIPRO'].map((id, i) => ({
      instrument: anInstrument({ id }),
      wireId: i + 1,
    }));
    type State = (typeof states)[0];
    const [tcs, infy, reliance, wipro] = states as [State, State, State, State];
    let volume = 0;
    const tell = (state: State, at: number, given: { price?: number; bid?: number }): void => {
      volume += given.price === undefined ? 0 : 10;
      const told = tick({ instrument: state.instrument.id, vendor: 'bse', receivedAt: at, volume, ...given });
      writer.accepted(told, volume, state);
    };
    for (const [state, price] of [
      [tcs, 100],
      [infy, 400],
    ] as const) {
      tell(state, before, { price: price - 2 });
      tell(state, last, { price: price - 1 });
      // the closing auction
      tell(state, last + 61_000, { price });
      tell(state, last + 121_000, { price: price + 7 });
    }
    // nobody watched it until the close
    for (const at of [0, 1, 2]) tell(wipro, before + at, { price: 299 });
    tell(tcs, NINE, { bid: 101 });
    for (const at of [NINE + 1, NINE + 2]) {
      tell(tcs, at, { price: 103 });
      tell(infy, at, { price: 200 });
      tell(reliance, at, { price: 50 });
      tell(wipro, at, { price: 300 });
    }
    await writer.settle();
    const ask = askEngine(() => history?.engine);
    const span = spanOf(DAY, WANTED);
    const closed = sessionsBefore(span, new Set(['NSE', 'BSE']), new ExchangeCalendar([]));
    const recording = new RowsRecording(DAY, ask, span, new PreviousCloses(ask, closed, span.symbols));
    const closes = (ticks: readonly Tick[]): unknown[] =>
      ticks.map(({ instrument, price, previousClose }) => [instrument, price, previousClose]);
    const first = [
      ['BSE:500325', 50, undefined],
      ['NSE:INFY', 200, undefined],
      ['NSE:TCS', 103, 100],
      ['NSE:WIPRO', 300, undefined],
    ];
    const rest = first.map(([symbol, price]) => [symbol, price, undefined]);
    expect(closes(await all(recording))).toEqual([['NSE:TCS', undefined, undefined], ...first, ...rest]);
    // whoever goes to another time has forgotten all values
    expect(closes(await all(recording, NINE + 2))).toEqual(first);
  });

  it.each(['csv', 'parquet'])('is the same from a file that was exported as %s', async (format) => {
    await record();
    const ticks = await all(recorded());
    await close();
    const path = join(folder, `day.${format}`);
    expect(await tickwire('export', '--date', 'today', '--format', format, '--out', path)).toBe(0);
    expect(out).toBe(`${TICKS} ticks of ${DAY} in ${path}\n`);
    expect(await all(new FileRecording(path, 'Asia/Kolkata', (day) => spanOf(day, WANTED)))).toEqual(ticks);
  });

  it('is the same again when it was exported, and imported into another history', async () => {
    await record();
    const ticks = await all(recorded());
    const candles = 'SELECT * FROM tickwire.candles_1m ORDER BY symbol, time';
    const minutes = await history?.engine.rows(candles);
    await close();
    const path = join(folder, 'day.csv');
    await tickwire('export', '--date', DAY, '--out', path);
    await rm(join(folder, 'history'), { recursive: true });
    expect(await tickwire('import', '--file', path)).toBe(0);
    expect(out).toBe(`${TICKS} rows: ${TICKS} added, 0 there already, 0 refused\n`);
    await open();
    expect(await all(recorded())).toEqual(ticks);
    expect(minutes?.length).toBeGreaterThan(0);
    expect(await history?.engine.rows(candles)).toEqual(minutes);
  });

  it('cannot be exported where nothing was recorded', async () => {
    const path = join(folder, 'none.csv');
    expect(await tickwire('export', '--date', '2026-01-01', '--out', path)).toBe(1);
    expect(err).toBe('tickwire: NO_TICKS: nothing was recorded: 2026-01-01\n');
    expect((await readdir(folder)).filter((name) => name.startsWith('none'))).toEqual([]);
  });
});

describe('an import', () => {
  const rows = [
    'ts,ltp,qty',
    '2026-11-20 09:15:00,100.5,10',
    'x,1,1',
    '2026-11-20 09:15:01,-1,1',
    '1795146302,101,5',
    '',
  ];
  const args = ['--symbol', 'NSE:TCS', '--map', 'time=ts,price=ltp,size=qty'];
  let path: string;

  beforeEach(async () => {
    path = join(folder, 'in.csv');
    await writeFile(path, rows.join('\n'));
  });

  it('adds what can be read, and tells the lines that cannot', async () => {
    expect(await tickwire('import', '--file', path, ...args)).toBe(0);
    expect(out).toBe('4 rows: 2 added, 0 there already, 2 refused\n');
    expect(err).toContain('line 3: "x" is no time\nline 4: price is "-1"\n');
    await open();
    const ticks = await all(recorded());
    expect(
      ticks.map(({ receivedAt, price, lastSize, vendor }) => [receivedAt - NINE, price, lastSize, vendor]),
    ).toEqual([
      [0, 100.5, 10, 'import'],
      [2000, 101, 5, 'import'],
    ]);
  });

  it('of the same file adds nothing the second time', async () => {
    await tickwire('import', '--file', path, ...args);
    expect(await tickwire('import', '--file', path, ...args)).toBe(0);
    expect(out).toBe('4 rows: 0 added, 2 there already, 2 refused\n');
    expect(await counted()).toBe(2);
  });

  it('that is strict adds nothing of a file with a bad row', async () => {
    expect(await tickwire('import', '--file', path, '--strict', ...args)).toBe(1);
    expect(err).toContain('tickwire: ROWS_INVALID: 2 rows are refused; nothing is stored');
    expect(await counted()).toBe(0);
  });

  it('names the columns that are missing', async () => {
    expect(await tickwire('import', '--file', path, '--symbol', 'NSE:TCS')).toBe(1);
    expect(err).toContain('there is no column time; nothing is stored');
  });

  it('takes what the demonstration day holds, gzipped', async () => {
    const lines = (await readFile('data/demo-day.csv.gz')).length;
    expect(lines).toBeLessThan(300_000);
    expect(await tickwire('import', '--file', 'data/demo-day.csv.gz')).toBe(0);
    expect(out).toMatch(/^126\d\d rows: 126\d\d added, 0 there already, 0 refused\n$/);
  });

  it('says that a server uses the history', async () => {
    await open();
    expect(await tickwire('import', '--file', path, ...args)).toBe(2);
    expect(err).toMatch(/tickwire: CONFIG: .*HISTORY_DIR/s);
  });

  it.each([
    [['--file', 'nowhere.csv']],
    [[]],
    [['--file', 'x', '--symbol', 'TCS']],
    [['--file', 'x', '--map', 'time']],
    [['--file', 'x', '--timezone', 'Mars']],
  ])('does not take %j', async (wrong) => {
    expect(await tickwire('import', ...wrong)).toBe(wrong[1] === 'nowhere.csv' ? 1 : 2);
  });
});
