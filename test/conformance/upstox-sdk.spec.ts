import { type ChildProcess, fork } from 'node:child_process';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type Book, type Tick, tick } from '#domain';
import type { Sandbox } from '../../apps/sandbox/src/sandbox.js';
import { parseFeedFrame } from '../../libs/vendors/src/upstox/upstox.parse.js';
import { aBook } from '../support/books.js';
import { anInstrument } from '../support/instruments.js';
import { aSandbox } from '../support/vendor-sandbox.js';
import { until } from '../support/vendor-tools.js';

/** Six shares on both exchanges: one has the fields of the newer schema here, the other has not. */
const ISINS = ['INE002A01018', 'INE467B01029', 'INE009A01021', 'INE040A01034', 'INE062A01020', 'INE742F01042'];
const KEYS = ISINS.flatMap((isin) => [`NSE_EQ|${isin}`, `BSE_EQ|${isin}`]);
const NOW = 1_700_000_000_000;

interface Message {
  readonly authorized?: string;
  readonly open?: boolean;
  readonly failed?: string;
  readonly frame?: string;
  readonly view?: string;
}

interface Quote {
  bidQ?: string;
  bidP?: number;
  askQ?: string;
  askP?: number;
}
/** One record in the SDK's JSON, where 64-bit integers are text and zeros are left out. */
interface View {
  ltpc?: { ltp?: number; ltt?: string; ltq?: string; cp?: number };
  marketLevel?: { bidAskQuote?: Quote[] };
  firstDepth?: Quote;
  marketOHLC?: { ohlc: { interval: string; open: number; high: number; low: number }[] };
  atp?: number;
  vtt?: string;
}
interface Feed extends View {
  fullFeed?: { marketFF: View };
  firstLevelWithGreeks?: View;
}
interface Frame {
  type?: string;
  feeds?: Record<string, Feed>;
  marketInfo?: { segmentStatus: Record<string, string> };
}

let sandbox: Sandbox;
let child: ChildProcess;
let messages: Message[];

// one SDK for all, because it takes its time to load
beforeAll(async () => {
  sandbox = await aSandbox({ SANDBOX_TICKS_PER_SECOND: '60' });
  messages = [];
  const script = new URL('./upstox-sdk-child.mjs', import.meta.url);
  child = fork(script, [sandbox.url, sandbox.settings['UPSTOX_SECRET_ACCESS_TOKEN']!], {
    stdio: 'ignore',
    execArgv: [],
  });
  child.on('message', (message: Message) => messages.push(message));
  await until('the open stream of the SDK', () => messages.some(({ open }) => open), 50_000);
}, 60_000);

afterEach(async () => {
  const before = requests();
  ask('unsubscribe', KEYS);
  await until('the end of what was asked for', () => requests() > before);
  messages.length = 0;
});

afterAll(async () => {
  child.kill();
  await sandbox.close();
});

const frames = (): { bytes: Buffer; view: Frame }[] =>
  messages.flatMap(({ frame, view }) =>
    frame === undefined ? [] : [{ bytes: Buffer.from(frame, 'base64'), view: JSON.parse(view!) as Frame }],
  );
const requests = (): number => sandbox.stats('upstox')['requests'] ?? 0;
const ask = (method: string, keys: string[], mode?: string): boolean => child.send({ method, keys, mode });

/** Ticks of a frame by way of the SDK's JSON; the instrument is the key. */
function ticksOf({ feeds = {} }: Frame): Tick[] {
  return Object.entries(feeds).map(([key, feed]) => {
    const {
      ltpc = {},
      marketLevel,
      firstDepth,
      marketOHLC,
      atp,
      vtt,
    }: View = feed.fullFeed?.marketFF ?? feed.firstLevelWithGreeks ?? feed;
    const best = marketLevel?.bidAskQuote?.[0] ?? firstDepth;
    const day = marketOHLC?.ohlc.find(({ interval }) => interval === '1d');
    const count = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));
    return tick({
      instrument: key,
      vendor: 'upstox',
      receivedAt: NOW,
      eventTime: count(ltpc.ltt),
      price: ltpc.ltp,
      volume: count(vtt),
      bid: best?.bidP,
      bidSize: count(best?.bidQ),
      ask: best?.askP,
      askSize: count(best?.askQ),
      lastSize: count(ltpc.ltq),
      averagePrice: atp,
      open: day?.open,
      high: day?.high,
      low: day?.low,
      previousClose: ltpc.cp,
      book: marketLevel?.bidAskQuote && bookOf(marketLevel.bidAskQuote),
    });
  });
}

/** Levels at a circuit limit have one side only. */
function bookOf(levels: readonly Quote[]): Book {
  return aBook(
    levels.flatMap(({ bidP = 0, bidQ }) => (bidP === 0 ? [] : [[bidP, Number(bidQ)] as const])),
    levels.flatMap(({ askP = 0, askQ }) => (askP === 0 ? [] : [[askP, Number(askQ)] as const])),
  );
}

function expectSameTicks(): void {
  for (const { bytes, view } of frames()) {
    const segments: Record<string, string> = {};
    const ours = parseFeedFrame(bytes, NOW, {
      instrumentOf: (key) => ({ ...anInstrument({ id: 'NSE:X' }), id: key }),
      malformed: (error) => expect.unreachable(error.message),
      segment: (name, status) => (segments[name] = status),
    });
    expect(ours).toEqual(ticksOf(view));
    expect(segments).toEqual(view.marketInfo?.segmentStatus ?? {});
  }
}

it('the SDK gets its address from our authorization, and market_info before anything else', async () => {
  await until('the answer to its call', () => messages.some(({ authorized }) => authorized));
  await until('the first frame', () => frames().length > 0);
  const { authorized } = messages.find((message) => message.authorized)!;
  expect(authorized).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/market-data-feeder\/v3\/.*[?&]code=[\w-]+$/);
  expect(frames()[0]!.view).toMatchObject({
    type: 'market_info',
    marketInfo: { segmentStatus: { NSE_EQ: 'NORMAL_OPEN' } },
  });
  expectSameTicks();
});

it.each([
  ['ltpc', (feed: Feed): unknown => feed.ltpc?.ltp],
  ['option_greeks', (feed: Feed): unknown => feed.firstLevelWithGreeks?.vtt],
  ['full', (feed: Feed): unknown => feed.fullFeed?.marketFF.marketOHLC],
])('our ticks of mode %s are what the SDK reads, field by field', async (mode, has) => {
  ask('subscribe', KEYS, mode);
  const feeds = (): Feed[] => frames().flatMap(({ view }) => Object.values(view.feeds ?? {}));
  await until(
    'records of all keys',
    () => new Set(frames().flatMap(({ view }) => Object.keys(view.feeds ?? {}))).size === KEYS.length,
  );
  await until('many records', () => feeds().filter(has).length > 150);
  if (mode === 'full') {
    await until('a record without a trade', () =>
      feeds().some(({ fullFeed }) => fullFeed !== undefined && fullFeed.marketFF.ltpc === undefined),
    );
    await until('five levels', () =>
      feeds().some((feed) => feed.fullFeed?.marketFF.marketLevel?.bidAskQuote?.length === 5),
    );
  }
  expectSameTicks();
});

it('the SDK changes modes and unsubscribes as it does with the vendor', async () => {
  const [first, second] = KEYS as [string, string];
  const before = requests();
  ask('subscribe', [first, second], 'full');
  await until('full records', () => frames().some(({ view }) => view.feeds?.[first]?.fullFeed));
  ask('changeMode', [first], 'ltpc');
  await until('short records', () => frames().some(({ view }) => view.feeds?.[first]?.ltpc));
  expect(frames().at(-1)!.view.feeds?.[first]?.fullFeed).toBeUndefined();
  ask('unsubscribe', [second]);
  await until('the request', () => requests() >= before + 3);
  messages.length = 0;
  await until('records of what is left', () => frames().length > 40);
  // the first of them may have been under way before the request
  const left = frames()
    .slice(20)
    .flatMap(({ view }) => Object.keys(view.feeds ?? {}));
  expect(new Set(left)).toEqual(new Set([first]));
  expectSameTicks();
});
