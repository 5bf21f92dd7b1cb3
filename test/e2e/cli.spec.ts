import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiKeys, hashApiKey } from '#auth';
import { parseInstrumentsCsv } from '#domain';
import { ageText, timeText } from '../../apps/cli/src/age.js';
import { run } from '../../apps/cli/src/run.js';

const NOW = Date.parse('2026-11-20T10:00:05.000Z');
const MAPPING = {
  url: 'wss://stream.example/stocks?key=${SECRET:key}',
  exchanges: ['NASDAQ'],
  vendorSymbol: '${ticker}',
  ready: { when: { path: 'status', equals: 'auth_success' } },
  fatal: [{ path: 'status', equals: 'auth_failed' }],
  subscribe: { template: { action: 'subscribe', params: '${symbols}' } },
  unsubscribe: { template: { action: 'unsubscribe', params: '${symbols}' } },
  rules: [
    {
      when: { path: 'ev', equals: 'T' },
      map: { symbol: 'sym', price: 'p', lastSize: 's', time: { path: 't', unit: 'ms' } },
    },
    { when: { path: 'ev', equals: 'Q' }, map: { symbol: 'sym', bid: 'bp', ask: 'ap', openInterest: 'oi' } },
  ],
};
const TRADE = { ev: 'T', sym: 'AAPL', p: 272.4, s: 100, t: NOW - 5000 };
const QUOTE = { ev: 'Q', sym: 'AAPL', bp: 272.39, ap: null };

let folder: string;
let out: string;
let err: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tickwire-'));
});

afterEach(() => rm(folder, { recursive: true }));

function tickwire(args: readonly string[], env: Record<string, string> = {}, input = ''): Promise<number> {
  out = '';
  err = '';
  return run(args, {
    env,
    now: NOW,
    stdin: () => Promise.resolve(input),
    out: (text) => void (out += text),
    err: (text) => void (err += text),
  });
}

async function file(name: string, content: unknown): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

async function check(frames: readonly unknown[], mapping: unknown = MAPPING): Promise<number> {
  const lines = frames.map((frame) => (typeof frame === 'string' ? frame : JSON.stringify(frame)));
  return tickwire(['vendors', 'check', await file('m.json', mapping), await file('s.jsonl', lines.join('\n'))]);
}

describe('vendors check', () => {
  it('shows every tick in a row, with its time and age, and leaves out columns nobody fills', async () => {
    expect(await check([[TRADE, { ...TRADE, sym: 'MSFT', p: 498.6 }], QUOTE])).toBe(0);
    const table = out.split('\n\n')[1]!.split('\n');
    expect(table).toEqual([
      'line  rule     symbol  price  bid     ask   lastSize  time                      age',
      '1     rules.0  AAPL    272.4                100       2026-11-20T10:00:00.000Z  5 s',
      '1     rules.0  MSFT    498.6                100       2026-11-20T10:00:00.000Z  5 s',
      '2     rules.1  AAPL           272.39  none',
    ]);
    expect(out).toContain('3 ticks, 0 ignored, 0 unreadable, 1 field never in the sample');
    expect(err).toBe('');
  });

  it('says what no record filled, what is ignored and why, and what a frame says of the connection', async () => {
    expect(await check([[TRADE], [{ ev: 'X', sym: 'AAPL' }], { ev: 'X' }, [{ status: 'auth_success' }]])).toBe(0);
    expect(out).toMatch(
      /Never in the sample\n {2}rules\.1\.map\.symbol\n.*bid\n.*ask\n {2}rules\.1\.map\.openInterest\n/,
    );
    expect(out).toContain('line 2, 3 (2 times): rules.0: ev is "X", not "T"; rules.1: ev is "X", not "Q"');
    expect(out).toContain('line 4: ready: subscriptions are sent now');
  });

  it.each<[string, unknown, RegExp]>([
    ['text that is no JSON', '{"ev":', /line 2: no JSON/],
    ['a record without symbol', { ev: 'T', p: 1 }, /line 2: rules\.0: .*without symbol/],
    ['a price that is none', { ...TRADE, p: 'abc' }, /rules\.0\.map\.price: "abc" is no number/],
    ['a time that is none', { ...TRADE, t: 'soon' }, /rules\.0\.map\.time: "soon" is no time/],
    ['a time in another unit', { ...TRADE, t: NOW / 1000 }, /map\.time: \d+ is no time of a quote: is the unit right/],
  ])('fails for %s, and shows the rest all the same', async (_, frame, problem) => {
    expect(await check([TRADE, frame])).toBe(1);
    expect(out).toMatch(problem);
    expect(out).toContain('2026-11-20T10:00:00.000Z');
    expect(err).toMatch(/^tickwire: SAMPLE_MALFORMED: /);
  });

  it.each([null, 'N/A', '', 0, '0.00'])('takes %j for an answer, and not for a mistake', async (price) => {
    expect(await check([{ ...TRADE, p: price }])).toBe(0);
    expect(out).not.toContain('rules.0.map.price');
  });

  it('fails when nothing comes of a sample', async () => {
    expect(await check([{ ev: 'X' }])).toBe(1);
    expect(err).toMatch(/^tickwire: NO_TICKS: /);
  });

  it('reads a file with one frame, lists of records in it, and what is piped in', async () => {
    const rules = [{ each: 'data', map: { symbol: 's', price: 'p' } }];
    const mapping = await file('m.json', { ...MAPPING, rules });
    const frame = JSON.stringify(
      {
        data: [
          { s: 'A', p: 1 },
          { s: 'B', p: 2 },
        ],
      },
      undefined,
      2,
    );
    expect(await tickwire(['vendors', 'check', mapping, await file('s.json', frame)])).toBe(0);
    expect(out).toContain('2 ticks');
    expect(await tickwire(['vendors', 'check', mapping, '-'], {}, `${frame}`)).toBe(0);
    expect(out).toContain('2 ticks');
    expect(await tickwire(['vendors', 'check', mapping, '-'], {}, '{"data":[{"s":"A","p":1}]}\n{"nothing":1}\n')).toBe(
      0,
    );
    expect(out).toContain('line 2: rules.0: no record at data');
  });

  it('knows that calls for one symbol need not name it', async () => {
    const http = { url: 'https://api.example/q?s={symbol}' };
    const mapping = { exchanges: ['NASDAQ'], http, rules: [{ map: { price: 'c', time: { path: 't', unit: 's' } } }] };
    expect(await check([{ c: 272.4, t: NOW / 1000 - 7200 }], mapping)).toBe(0);
    expect(out).toMatch(/m\.json: http, 1 rule/);
    expect(out).toMatch(/\(as asked\) +272\.4 +2026-11-20T08:00:05\.000Z +2 h\n/);
  });

  it.each<[string, unknown, RegExp]>([
    ['is no JSON', '{"url":', /MAPPING_INVALID: .*m\.json: is no JSON/],
    [
      'has an unknown field',
      { ...MAPPING, rules: [{ map: { symbol: 's', prize: 'p' } }] },
      /rules\.0\.map\.prize: is no/,
    ],
    [
      'has a path that is none',
      { ...MAPPING, rules: [{ map: { symbol: 'a[' } }] },
      /m\.json: rules\.0: "a\[" is no path/,
    ],
  ])('refuses a mapping that %s, with the place of the mistake', async (_, mapping, problem) => {
    expect(await check([TRADE], mapping)).toBe(1);
    expect(err).toMatch(problem);
    expect(err).not.toMatch(/\n\s+at /);
  });

  it('does not let a vendor’s text steer the terminal', async () => {
    await check([{ ...TRADE, sym: '\u001b[2J' }, '\u001b[31mred']);
    // oxlint-disable-next-line no-control-regex
    expect(out + err).not.toMatch(/\u001b/);
  });

  it('says which file it cannot read, and that a sample is empty', async () => {
    const mapping = await file('m.json', MAPPING);
    expect(await tickwire(['vendors', 'check', mapping, join(folder, 'no.json')])).toBe(1);
    expect(err).toMatch(/^tickwire: FILE_UNREADABLE: ".*no\.json" cannot be read: there is no such file\n$/);
    expect(await tickwire(['vendors', 'check', folder, mapping])).toBe(1);
    expect(err).toMatch(/it is a folder/);
    expect(await tickwire(['vendors', 'check', mapping, '-'])).toBe(1);
    expect(err).toMatch(/^tickwire: SAMPLE_EMPTY: /);
  });
});

describe('vendors list', () => {
  it('names vendors and their settings, says which are set, and shows no value', async () => {
    const env = {
      POLYGON_URL: 'wss://x.example/s3cret',
      POLYGON_SECRET_API_KEY: 's3cret-key',
      JSON_SECRET_TOKEN: 's3cret-token',
      BSE_TIMEOUT_MS: ' ',
    };
    expect(await tickwire(['vendors', 'list'], env)).toBe(0);
    expect(out).toMatch(/^bse$/m);
    expect(out).toMatch(/^ +POLYGON_URL +set +Stocks stream/m);
    expect(out).toMatch(/^ +POLYGON_CHANNELS +not set /m);
    expect(out).toMatch(/^ +POLYGON_SECRET_API_KEY +set +secret$/m);
    expect(out).toMatch(/^ +JSON_SECRET_TOKEN +set +secret$/m);
    expect(out).toMatch(/^ +BSE_TIMEOUT_MS +not set .*\[ms\]$/m);
    expect(out).not.toContain('s3cret');
    await tickwire(['vendors', 'list']);
    expect(out).toMatch(/^ +POLYGON_SECRET_API_KEY +not set +secret$/m);
  });
});

describe('a command line', () => {
  it.each([
    [[], /say what to do/],
    [['feeds'], /no command feeds/],
    [['vendors'], /listed or checked/],
    [['vendors', 'check', 'a'], /needs a mapping and a sample/],
    [['vendors', 'check', '-', '-'], /only one of the two/],
    [['vendors', 'list', '--colour'], /--colour/],
  ])('%j that is not understood is explained', async (args, problem) => {
    expect(await tickwire(args)).toBe(2);
    expect(err).toMatch(/^tickwire: USAGE: /);
    expect(err).toMatch(problem);
    expect(err).toContain('tickwire vendors check <mapping> <sample>');
  });

  it('that asks for help gets it', async () => {
    expect(await tickwire(['--help'])).toBe(0);
    expect(out).toContain('Usage');
  });
});

it.each([
  [0, '0 ms'],
  [1999, '1999 ms'],
  [5000, '5 s'],
  [-180_000, '3 min ahead'],
  [86_400_000, '24 h'],
  [86_400_000 * 400, '400 d'],
])('tells an age of %i ms as %s', (ms, text) => {
  expect(ageText(ms)).toBe(text);
});

it('tells a time no calendar holds as a number', () => {
  expect([timeText(0), timeText(1e17)]).toEqual(['1970-01-01T00:00:00.000Z', '100000000000000000']);
});

describe('tickwire keys new', () => {
  it('prints a key and a record that the server takes it by', async () => {
    expect(await tickwire(['keys', 'new', 'grafana', 'ops'])).toBe(0);
    const [, key = ''] = /\n {2}(tw_grafana_\S+)\n/.exec(out) ?? [];
    const record: unknown = JSON.parse(/\n {2}(\{.*\})\n/.exec(out)?.[1] ?? '');
    expect(record).toEqual({ id: 'grafana', tier: 'ops', hash: hashApiKey(key) });
    const keys = ApiKeys.parse(JSON.stringify({ keys: [record] }), 'test', () => true);
    expect(keys.find(key)).toMatchObject({ id: 'grafana', tier: 'ops' });
    expect(await tickwire(['keys', 'new', 'other'])).toBe(0);
    expect(out).not.toContain(key);
  });

  it.each([[['keys']], [['keys', 'new']], [['keys', 'new', 'a b']], [['keys', 'new', 'a', 'b', 'c']]])(
    'refuses %j',
    async (args) => {
      expect(await tickwire(args)).toBe(2);
      expect(err).toContain('USAGE');
    },
  );
});

describe('tickwire instruments bse', () => {
  it('prints a master of the scrip master, and refuses what is none', async () => {
    const scrip = {
      SCRIP_CD: '500112',
      scrip_id: 'SBIN',
      Scrip_Name: 'State Bank of India',
      ISIN_NUMBER: 'INE062A01020',
    };
    const listed = { ...scrip, Status: 'Active', Segment: 'Equity' };
    expect(await tickwire(['instruments', 'bse', '-'], {}, JSON.stringify([listed]))).toBe(0);
    expect(parseInstrumentsCsv(out)).toMatchObject([{ id: 'BSE:500112', ticker: 'SBIN', isin: 'INE062A01020' }]);
    expect(await tickwire(['instruments', 'bse', '-'], {}, '<!DOCTYPE html>')).toBe(1);
    expect(err).toContain('SAMPLE_MALFORMED');
    expect(await tickwire(['instruments', 'bse'])).toBe(2);
  });
});
