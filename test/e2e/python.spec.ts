import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { LastValueStore } from '#cache';
import { Encodings, framePayloads } from '#compression';
import { Epoch, ALL_FIELDS_MASK, InstrumentMaster, quoteOf, type Tick, tick } from '#domain';
import { applyDelta } from '../support/apply-delta.js';
import { ChaosProxy } from '../support/chaos-proxy.js';
import { anInstrument } from '../support/instruments.js';
import { RawClient } from '../support/raw-client.js';
import { aProduct, type Product } from '../support/running-server.js';
import { secretToken } from '../support/token-issuer.js';
import { until } from '../support/vendor-tools.js';

const ROOT = join(import.meta.dirname, '../..');
const CLIENT = join(ROOT, 'clients/python');
const NO_PYTHON = 2;
const SYMBOLS = ['NSE:RELIANCE', 'NSE:TCS', 'NSE:INFY', 'BSE:500325'];

const prepared = spawnSync(process.execPath, [join(ROOT, 'scripts/python.mjs')], { encoding: 'utf8' });
const python = prepared.stdout.trim();
const isReady = prepared.status === 0;
if (!isReady) process.stderr.write(`\nNOT TESTED: ${prepared.stderr}\n`);

// where machines test, an environment that cannot be made is a failure; a machine without Python has nothing to test
it.runIf(!isReady && process.env['CI'] === 'true')('has an environment for the Python client', () => {
  expect(prepared.status, prepared.stderr).toBe(NO_PYTHON);
});

/** Only what a child needs: no proxy of the machine stands between it and loopback. */
const childEnv = { PATH: process.env['PATH'], PYTHONPATH: join(CLIENT, 'src'), PYTHONDONTWRITEBYTECODE: '1' };
const children: ChildProcess[] = [];

interface Run {
  readonly child: ChildProcess;
  readonly lines: string[];
  /** What it complained of. */
  errors: string;
  readonly ended: Promise<number | null>;
}

function run(args: readonly string[], env: Record<string, string> = {}): Run {
  const child = spawn(python, args, { cwd: CLIENT, env: { ...childEnv, ...env } });
  children.push(child);
  const made: Run = {
    child,
    lines: [],
    errors: '',
    ended: new Promise((done) => child.once('close', done)),
  };
  createInterface(child.stdout).on('line', (line) => made.lines.push(line));
  child.stderr.on('data', (text: Buffer) => (made.errors += text.toString()));
  return made;
}

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

describe.runIf(isReady)('the Python client', () => {
  let product: Product;
  beforeAll(async () => {
    product = await aProduct({ CONFLATION_MS: '20' }, { SANDBOX_TICKS_PER_SECOND: '50' });
  });
  afterAll(() => product.stop());

  it('passes its own tests, against this server too', async () => {
    const tests = run(['-W', 'error::ResourceWarning', '-m', 'unittest', 'discover', '-s', 'tests'], {
      TICKWIRE_URL: product.url,
    });
    expect(await tests.ended, tests.errors).toBe(0);
    expect(tests.errors).not.toContain('skipped');
  }, 120_000);

  it.each([
    ['examples/watch.py', () => ['--url', product.wsUrl]],
    ['examples/watch_socketio.py', () => ['--url', product.url]],
  ])('%s prints prices', async (program, args) => {
    const example = run([program, ...args(), 'NSE:TCS']);
    await until(`prices, or ${example.errors}`, () => example.lines.length > 3);
    for (const line of example.lines) expect(line).toMatch(/^NSE:TCS \d+\.?\d* ?/);
  });

  it.each(['clients/python/README.md', 'docs/python.md', 'README.md'])(
    'the program in %s prints prices',
    async (page) => {
      const text = readFileSync(join(ROOT, page), 'utf8');
      const program = /```python\n(.*?)```/s.exec(text)?.[1] ?? '';
      expect(program).toContain('127.0.0.1:3000');
      const example = run(['-u', '-c', program.replaceAll('127.0.0.1:3000', new URL(product.url).host)]);
      await until('prices', () => example.lines.length > 3).catch(() => expect(example.errors).toBe(''));
      for (const line of example.lines) expect(line).toMatch(/^(NSE|BSE):\w+ \d/);
    },
  );
});

const price = fc.integer({ min: 1, max: 10_000_000 }).map((paise) => paise / 100);
const count = fc.oneof(fc.nat(), fc.integer({ min: 0, max: 2 ** 45 }));
const maybe = fc.oneof(price, fc.constant(NaN));
const T0 = Date.UTC(2026, 10, 20, 4, 0, 0);
const observation: fc.Arbitrary<Partial<Tick>> = fc.record(
  {
    price,
    bid: maybe,
    ask: maybe,
    previousClose: maybe,
    averagePrice: price,
    open: price,
    high: price,
    low: price,
    volume: count,
    bidSize: count,
    askSize: count,
    lastSize: count,
    openInterest: count,
    eventTime: fc.integer({ min: T0 - 86_400_000, max: T0 + 86_400_000 }),
    vendor: fc.constantFrom('json', 'bse', 'börse'),
  },
  { requiredKeys: [] },
);

it.runIf(isReady)('the Python client reads every frame of the compact form to the quote the server had', async () => {
  const instrument = anInstrument({ id: 'NSE:M&M', name: 'Mahindra “&” Mahindra' });
  const store = new LastValueStore(new InstrumentMaster([instrument]), new Epoch('e1'));
  const state = store.peek(instrument.id)!;
  const encoding = new Encodings(new Epoch('e1')).for({
    framing: 'websocket',
    format: 'compact',
    compression: 'delta',
    batch: true,
    mask: ALL_FIELDS_MASK,
  });
  const frames: string[] = [];
  const quotes: object[] = [];
  const changes = fc.sample(observation, { numRuns: 2000, seed: 42 });
  // changes of exactly half a hundredth of a percent, up and down
  const ties = [{ previousClose: 80, price: 80.02 }, { price: 79.98 }];
  for (const change of [{ price: 100 }, ...ties, ...changes]) {
    store.apply(tick({ instrument: instrument.id, vendor: 'json', receivedAt: T0, ...change }));
    const before = state.sequence;
    store.advance([state]);
    if (state.sequence === before) continue;
    const now = T0 + frames.length;
    // a snapshot now and then, past sequence 256 too
    const isSnapshot = frames.length % 400 === 0;
    frames.push(
      isSnapshot ? encoding.snapshot(state, now) : encoding.batch(encoding.update(state, before, now), 1, now),
    );
    quotes.push(quoteOf(instrument, state.values, state.source));
  }
  const reader = run(['tests/read_compact.py']);
  const hex = frames.map((frame) => Buffer.from(framePayloads(frame)[0]!.payload, 'latin1').toString('hex'));
  reader.child.stdin!.end(`${hex.join('\n')}\n`);
  expect(await reader.ended, reader.errors).toBe(0);

  let quote: object = {};
  const read = reader.lines.map((line) => {
    const [message] = JSON.parse(line) as [{ type: string; data: object; updates: { data: object }[] }];
    quote = message.type === 'snapshot' ? applyDelta({}, message.data) : applyDelta(quote, message.updates[0]!.data);
    return quote;
  });
  expect(quotes.length).toBeGreaterThan(1500);
  expect(read).toEqual(quotes);
});

interface Step {
  readonly kind: string;
  readonly symbol: string;
  readonly epoch: string;
  readonly seq: number;
  readonly isSnapshot: boolean;
  readonly data: object;
}

/** What a Python client said on its way. */
class Follower {
  private readonly run: Run;
  private read = 0;
  readonly steps: Step[] = [];
  readonly notices: Record<string, unknown>[] = [];
  end: { quotes: object[]; stats: Record<string, number> } | undefined;

  constructor(
    readonly door: string,
    url: string,
    env: Record<string, string> = {},
  ) {
    this.run = run(['tests/follow.py', door, url, ...SYMBOLS], env);
  }

  /** The last quote of a symbol so far. */
  quote(symbol: string): object | undefined {
    this.take();
    return this.steps.findLast((step) => step.symbol === symbol)?.data;
  }

  said(kind: string): Record<string, unknown>[] {
    this.take();
    return this.notices.filter((notice) => notice['kind'] === kind);
  }

  async stop(): Promise<void> {
    this.run.child.stdin!.write('\n');
    expect(await this.run.ended, this.run.errors).toBe(0);
    this.take();
  }

  private take(): void {
    for (; this.read < this.run.lines.length; this.read++) {
      const said = JSON.parse(this.run.lines[this.read]!) as { kind: string };
      if (said.kind === 'update') this.steps.push(said as Step);
      else if (said.kind === 'end') this.end = said as unknown as NonNullable<typeof this.end>;
      else this.notices.push(said);
    }
  }
}

it.runIf(isReady)(
  'the Python client loses and doubles nothing when its connections break, by any door and format',
  async () => {
    const product = await aProduct({ CONFLATION_MS: '20' }, { SANDBOX_TICKS_PER_SECOND: '50' });
    const proxy = await ChaosProxy.start(Number(new URL(product.url).port));
    const address = `http://127.0.0.1:${proxy.port}`;
    const witness = await RawClient.connect(product.wsUrl);
    try {
      witness.send({ action: 'subscribe', symbols: SYMBOLS });
      await witness.next('subscribed');
      const followers = ['json', 'msgpack', 'compact', 'socket.io'].map((door) => new Follower(door, address));
      for (let round = 1; round <= 4; round++) {
        await until(`connection ${round} of all`, () =>
          followers.every((follower) => follower.said('Connected').length >= round),
        );
        await sleep(300);
        const [garbled, ...killed] = [...proxy.connections];
        garbled?.garble();
        for (const connection of killed) connection.kill();
      }
      await until('the last connection of all', () =>
        followers.every((follower) => follower.said('Connected').length > 4),
      );
      await sleep(300);
      product.sandbox.market.stop();
      const differing = (): string[] =>
        followers
          .filter((follower) => !SYMBOLS.every((symbol) => equal(follower.quote(symbol), product.quote(symbol))))
          .map(({ door }) => door);
      await until('agreement', () => differing().length === 0).catch(() => expect(differing()).toEqual([]));

      await Promise.all(followers.map((follower) => follower.stop()));
      // what comes before the answer is all that the others were sent
      witness.send({ action: 'ping' });
      await witness.next('pong');
      const truth = new Map<string, object>();
      for (const message of witness.messages) {
        if (message.type !== 'snapshot' && message.type !== 'price_update') continue;
        truth.set(`${String(message['symbol'])} ${String(message['seq'])}`, message['data'] as object);
      }
      for (const follower of followers) {
        expect(follower.end?.quotes).toEqual(SYMBOLS.map((symbol) => follower.quote(symbol)));
        // each step is the server's quote at that sequence and comes once; only a snapshot leaves steps out
        const last = new Map<string, number>();
        for (const { symbol, seq, isSnapshot, data } of follower.steps) {
          const place = `${follower.door} ${symbol} ${seq}`;
          expect([place, data]).toEqual([place, truth.get(`${symbol} ${seq}`)]);
          const before = last.get(symbol);
          if (isSnapshot) expect([place, seq > (before ?? 0)]).toEqual([place, true]);
          else expect([place, seq]).toEqual([place, (before ?? NaN) + 1]);
          last.set(symbol, seq);
        }
        expect([follower.door, follower.end?.stats['gaps']]).toEqual([follower.door, 0]);
        // what was missed is replayed one by one, but in the compact form and to a client that is late
        const snapshots = follower.steps.filter((step) => step.isSnapshot).length;
        const isReplayed = follower.door !== 'compact' && follower.said('Slow').length === 0;
        if (isReplayed) expect([follower.door, snapshots]).toEqual([follower.door, SYMBOLS.length]);
      }

      // told that the server leaves, a client stays away as long as it was asked to
      const leaving = new Follower('json', product.url);
      await until('a price', () => leaving.quote('NSE:TCS') !== undefined);
      await product.server.stop();
      await until('the end', () => leaving.said('Disconnected').length > 0);
      const [{ reconnect_after: asked }] = leaving.said('Draining') as [{ reconnect_after: number }];
      expect(asked).toBeGreaterThanOrEqual(1000);
      expect(leaving.said('Disconnected')[0]!['wait']).toBeGreaterThanOrEqual(asked / 1000);
    } finally {
      witness.close();
      await proxy.close();
      await product.stop();
    }
  },
  120_000,
);

describe.runIf(isReady)('the Python client, where the server asks for a token,', () => {
  const secret = 'a secret of the tests that is long enough';
  let product: Product;
  beforeAll(async () => {
    product = await aProduct({ AUTH: 'required', JWT_SECRET: secret });
  });
  afterAll(() => product.stop());

  it('shows the next one before it ends, and stays', async () => {
    // the server forgives clocks that differ by five seconds
    const endsAt = Date.now() + 2000 + 5000;
    const followers: Follower[] = [];
    for (const door of ['json', 'socket.io']) {
      const tokens = [await secretToken(secret, { lives: 2 }), await secretToken(secret)];
      followers.push(new Follower(door, product.url, { TOKENS: tokens.join(' ') }));
    }
    await until('prices', () => followers.every((follower) => follower.quote('NSE:TCS') !== undefined));
    await until('the end of the first token', () => Date.now() > endsAt + 1000);
    const seen = followers.map(({ steps }) => steps.length);
    await until('more prices', () =>
      followers.every((each, i) => each.quote('NSE:TCS') !== undefined && each.steps.length > seen[i]!),
    );
    for (const follower of followers) {
      expect([follower.door, follower.said('Connected').length]).toEqual([follower.door, 1]);
      await follower.stop();
    }
  });

  it.each(['tickwire.Client', 'tickwire.socket_io.SocketIoClient'])(
    'gives up with one that is not good: %s',
    async (client) => {
      const program = [
        'import asyncio, sys, tickwire, tickwire.socket_io',
        'async def main():',
        `    try: await ${client}(sys.argv[1], token="wrong").connect()`,
        '    except tickwire.Refused as refused: print(refused.code, refused.retryable)',
        'asyncio.run(main())',
      ];
      const child = run(['-c', program.join('\n'), product.url]);
      expect(await child.ended, child.errors).toBe(0);
      expect(child.lines).toEqual(['UNAUTHENTICATED False']);
    },
  );
});

function equal(a: object | undefined, b: object | undefined): boolean {
  const sorted = (value: object): string =>
    JSON.stringify(Object.entries(value).toSorted(([x], [y]) => x.localeCompare(y)));
  return a !== undefined && b !== undefined && sorted(a) === sorted(b);
}
