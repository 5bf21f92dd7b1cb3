import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError, readEnv, type ReplayControl, silentLog, silentMeter, systemClock, tick } from '#domain';
import { REPLAY_CONTROL } from '#gateway';
import { createHistory, HistoryConfig } from '#history';
import { run } from '../../apps/cli/src/run.js';
import { type RunningServer, startServer } from '../../apps/server/src/server.js';
import { anInstrument } from '../support/instruments.js';
import { RawClient } from '../support/raw-client.js';

const DAY = '2026-11-20';
const HEADER = 'symbol,time,received,vendor,price,volume,bid,ask';

let folder: string;
let server: RunningServer | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tickwire-'));
});

afterEach(async () => {
  await server?.stop();
  server = undefined;
  await rm(folder, { recursive: true });
});

/** A day of prices 100, 101, ... of NSE:TCS, one each 100 ms from 9:15 on. */
async function aDay(count: number): Promise<string> {
  const rows = Array.from({ length: count }, (_, i) => {
    const at = Date.parse(`${DAY}T09:15:00+05:30`) + i * 100;
    const [time, received] = [at - 40, at].map((ms) => new Date(ms).toISOString());
    return `NSE:TCS,${time},${received},bse,${100 + i},${1000 + i},,`;
  });
  const path = join(folder, 'day.csv');
  await writeFile(path, [HEADER, ...rows, ''].join('\n'));
  return path;
}

const QUIET = { PORT: '0', HOST: '127.0.0.1', LOG_LEVEL: 'error', VENDORS: '', DRAIN_GRACE_MS: '0' };

async function replaying(env: Record<string, string>): Promise<{ url: string; control: ReplayControl }> {
  server = await startServer({
    PORT: '0',
    HOST: '127.0.0.1',
    LOG_LEVEL: 'error',
    HISTORY: 'off',
    VENDORS: 'replay',
    DRAIN_GRACE_MS: '0',
    CONFLATION_MS: '0',
    ...env,
  });
  return { url: server.url, control: server.app.get<symbol, ReplayControl>(REPLAY_CONTROL) };
}

/** Prices of NSE:TCS by time, written down. */
async function record(env: Record<string, string>, prices: readonly (readonly [string, number])[]): Promise<void> {
  const history = createHistory(readEnv(HistoryConfig, env), true, systemClock, silentLog, silentMeter);
  const state = { instrument: anInstrument({ id: 'NSE:TCS' }), wireId: 1 };
  prices.forEach(([time, price], i) => {
    const at = Date.parse(time);
    const one = tick({ instrument: 'NSE:TCS', vendor: 'bse', receivedAt: at + 40, eventTime: at, price, lastSize: i });
    history?.writer.accepted(one, undefined, state);
  });
  await history?.engine.ready();
  await history?.close();
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 25_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`never came: ${what}`);
    await sleep(20);
  }
}

async function quote(url: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${url}/api/v1/quotes/NSE:TCS`);
  return (await response.json()) as Record<string, unknown>;
}

async function lead(url: string, order: object): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${url}/api/v1/replay`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(order),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** Quotes told in messages of a type, in order. */
function told({ messages }: RawClient, type: string): { epoch?: string; data: Record<string, unknown> }[] {
  return messages.filter((message) => message.type === type) as unknown as { data: Record<string, unknown> }[];
}

describe('a replayed day', () => {
  it('reaches clients as live quotes of the replay, with the times of the recording', async () => {
    const { url } = await replaying({ REPLAY_FILE: await aDay(600), REPLAY_SPEED: '1' });
    const client = await RawClient.connect(`${url.replace('http', 'ws')}/ws`);
    client.send({ action: 'subscribe', symbols: ['NSE:TCS'] });
    await until('updates', () => told(client, 'price_update').length >= 5);
    expect(told(client, 'snapshot')[0]?.data).toMatchObject({ symbol: 'NSE:TCS', source: 'replay', stale: false });
    expect(await quote(url)).toMatchObject({
      source: 'replay',
      stale: false,
      status: 'live',
      timestamp: expect.stringMatching(/^2026-11-20T03:4[45]/) as string,
    });
    const prices = told(client, 'price_update').map(({ data }) => Number(data['price']));
    // a late replay takes two steps at once
    expect(prices).toEqual([...new Set(prices)].toSorted((a, b) => a - b));
    client.close();
  });

  it.each(['the history here', 'a running server'])(
    'has the change of the day when %s knows the day before',
    async (where) => {
      const history = { HISTORY: 'embedded', HISTORY_DIR: join(folder, 'history') };
      await record(history, [
        ['2026-11-19T15:20:00+05:30', 98],
        ['2026-11-19T15:29:59+05:30', 100],
        ['2026-11-20T09:15:00+05:30', 103],
        ['2026-11-20T09:15:01+05:30', 104],
      ]);
      const recorder = where === 'a running server' ? await startServer({ ...QUIET, ...history }) : undefined;
      const from = recorder === undefined ? history : { HISTORY: 'off', REPLAY_URL: recorder.url };
      try {
        const { url, control } = await replaying({ ...from, REPLAY_DATE: DAY, REPLAY_SPEED: 'max' });
        await until('end', () => control.progress().state === 'ended');
        expect(await quote(url)).toMatchObject({ price: 104, previousClose: 100, change: 4, changePercent: 4 });
      } finally {
        await recorder?.stop();
      }
    },
  );

  it('is refused no tick at speed max, and is closed when it is over', async () => {
    const { url, control } = await replaying({ REPLAY_FILE: await aDay(5000), REPLAY_SPEED: 'max' });
    await until('the end', () => control.progress().state === 'ended');
    expect(control.progress().ticks).toBe(5000);
    await until('closed', async () => (await quote(url))['status'] === 'closed');
    expect(await quote(url)).toMatchObject({ price: 5099, volume: 5999, stale: false });
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(/tickwire_ticks_total\{vendor="replay"\} 5000\b/);
  });

  it('begins a new epoch when it loops, and the first price is told again', async () => {
    const { url, control } = await replaying({ REPLAY_FILE: await aDay(20), REPLAY_SPEED: '10', REPLAY_LOOP: 'true' });
    const client = await RawClient.connect(`${url.replace('http', 'ws')}/ws`);
    client.send({ action: 'subscribe', symbols: ['NSE:TCS'], options: { candles: ['1s'] } });
    await until('two laps', () => control.progress().lap >= 2);
    await until('the first prices in another epoch', () => {
      const [first, ...others] = told(client, 'snapshot');
      return others.some(({ epoch, data }) => epoch !== first?.epoch && Number(data['price']) < 110);
    });
    client.close();
  });

  it('is led by its operator: pause, seek, speed, resume', async () => {
    const { url, control } = await replaying({ REPLAY_FILE: await aDay(600) });
    await until('the beginning', () => control.progress().ticks > 0);
    expect(await lead(url, { action: 'pause' })).toMatchObject({ status: 200, body: { state: 'paused', speed: 1 } });
    const { ticks } = control.progress();
    await sleep(300);
    expect(control.progress().ticks).toBe(ticks);
    await lead(url, { action: 'resume' });
    const sought = await lead(url, { action: 'seek', to: `${DAY}T09:15:50+05:30` });
    expect(sought).toMatchObject({ status: 200, body: { position: `${DAY}T03:45:50.000Z` } });
    await until('the late prices', async () => Number((await quote(url))['price']) >= 600);
    await lead(url, { action: 'seek', to: `${DAY}T09:15:00+05:30` });
    await until('the early prices', async () => Number((await quote(url))['price']) < 200);
    await lead(url, { action: 'speed', speed: 'max' });
    await until('the end', () => control.progress().state === 'ended');
    expect((await quote(url))['price']).toBe(699);
  });

  it.each([
    [{ action: 'rewind' }],
    [{ action: 'seek' }],
    [{ action: 'seek', to: '10:00' }],
    [{ action: 'speed', speed: '0' }],
    [{ action: 'speed', speed: '1001' }],
    [{}],
  ])('refuses the order %j', async (order) => {
    const { url } = await replaying({ REPLAY_FILE: await aDay(1) });
    expect(await lead(url, order)).toMatchObject({ status: 400, body: { code: 'INVALID_MESSAGE' } });
  });

  it('tells a line that cannot be read, and is down', async () => {
    const path = await aDay(3);
    await writeFile(path, `${HEADER}\nNSE:TCS,yesterday,,,1,,,\n`);
    const { control } = await replaying({ REPLAY_FILE: path });
    await until('the failure', () => control.progress().state === 'failed');
    expect(control.progress().error).toBe('day.csv: line 2: "yesterday" is no time');
  });

  it.each([
    [{ REPLAY_FILE: 'x.csv', VENDORS: 'replay,bse' }, 'stands alone'],
    [{}, 'one of the two says what is replayed'],
    [{ REPLAY_DATE: '20-11-2026' }, 'REPLAY_DATE'],
    [{ REPLAY_FILE: 'x.csv', REPLAY_SPEED: '0' }, 'REPLAY_SPEED'],
    [{ REPLAY_DATE: DAY, REPLAY_FROM: '15:00', REPLAY_TO: '09:15' }, 'nothing between 15:00 and 09:15'],
  ])('is refused with %j', async (env, why) => {
    await expect(replaying({ ...env })).rejects.toThrow(ConfigError);
    await expect(replaying({ ...env })).rejects.toThrow(why);
  });
});

it('a server that cannot start leaves nothing running', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as { port: number };
  const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  await expect(replaying({ REPLAY_FILE: await aDay(600), PORT: String(port) })).rejects.toThrow('EADDRINUSE');
  await new Promise((resolve) => taken.close(resolve));
  await until('the end of its timers', () => timers() <= before);
});

describe('tickwire replay', () => {
  async function cli(args: readonly string[], stopWhen: (out: string) => boolean) {
    let out = '';
    let err = '';
    let stop: () => void = () => undefined;
    const interrupted = new Promise<void>((resolve) => (stop = resolve));
    const code = await run(['replay', '--port', '0', '--server', 'http://127.0.0.1:1', ...args], {
      env: { HISTORY: 'off' },
      now: Date.now(),
      stdin: () => Promise.resolve(''),
      interrupted: () => interrupted,
      out: (text) => {
        out += text;
        if (stopWhen(out)) stop();
      },
      err: (text) => void (err += text),
    });
    return { code, out, err };
  }

  it('plays the demonstration day that comes with it', async () => {
    const { code, out, err } = await cli(['--demo', '--speed', 'max'], (text) => text.includes('is over'));
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out).toMatch(/npm run watch -- --url ws:\/\/127\.0\.0\.1:\d+\/ws/);
    expect(out).toMatch(/The recording is over: 126\d\d ticks/);
  });

  it('ends when it is told to while it plays', async () => {
    const main = join(import.meta.dirname, '../../dist/apps/cli/src/main.js');
    const file = await aDay(6000);
    const args = [main, 'replay', '--file', file, '--port', '0', '--server', 'http://127.0.0.1:1'];
    const child = spawn(process.execPath, args, { env: { PATH: process.env['PATH'], HISTORY: 'off' }, stdio: 'pipe' });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => void (out += chunk.toString()));
    try {
      await until('the first progress', () => /\d+ ticks/.test(out));
      child.kill('SIGINT');
      await until('its end', () => child.exitCode !== null);
      expect(child.exitCode).toBe(0);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('says that nothing was recorded', async () => {
    const file = await aDay(5);
    const { code, err } = await cli(['--file', file, '--symbols', 'NSE:INFY'], () => false);
    expect({ code, err }).toEqual({ code: 1, err: 'tickwire: NO_TICKS: nothing was recorded: day.csv\n' });
  });

  it('says that there is no history to take a day from', async () => {
    const { code, err } = await cli(['--date', 'today'], () => false);
    expect({ code, err }).toEqual({ code: 1, err: 'tickwire: REPLAY_FAILED: There is no history here\n' });
  });

  it.each([[[]], [['--demo', '--date', 'today']], [['--speed']], [['--nonsense']]])(
    'does not understand %j',
    async (args) => {
      const { code, err } = await cli(args, () => false);
      expect(code).toBe(2);
      expect(err).toContain('tickwire: USAGE');
    },
  );
});
