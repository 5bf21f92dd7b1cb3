import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { Tick } from '#domain';
import { fyersListings } from '../../apps/sandbox/src/fyers/fyers.listings.js';
import {
  authAccepted,
  dataMessage,
  liteEntry,
  NO_VALUE,
  snapshotEntry,
  status,
  updateEntry,
} from '../../apps/sandbox/src/fyers/hsm-frames.js';
import { REQUEST } from '../../apps/sandbox/src/fyers/hsm-request.js';
import { seededRandom } from '../../apps/sandbox/src/market-model/seeded-random.js';
import { HsmSession } from '../../libs/vendors/src/fyers/hsm-session.js';
import { aSandbox } from '../support/vendor-sandbox.js';
import { until } from '../support/vendor-tools.js';
import { ourHistory, type SdkMessage, sdkHistory } from './fyers-sdk-quotes.js';

const CLIENT = fileURLToPath(new URL('fyers-sdk-client.mjs', import.meta.url));

let ends: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ends.toReversed()) await end();
  ends = [];
});

/** The vendor's client, and what it has handed out. */
function sdk(url: string, scrips: readonly string[], indices: readonly string[]): SdkMessage[] {
  const messages: SdkMessage[] = [];
  const child: ChildProcess = fork(CLIENT, [url, 'a0b1c2', scrips.join('&'), indices.join('&')], {
    env: { ...process.env, TZ: 'UTC' },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  child.on('message', ({ message, failure }: { message?: SdkMessage; failure?: string }) => {
    messages.push(message ?? { failure: failure ?? '' });
  });
  ends.push(() => child.kill('SIGKILL'));
  return messages;
}

async function listening(): Promise<[WebSocketServer, string]> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  ends.push(() => {
    for (const client of server.clients) client.terminate();
    return new Promise((resolve) => server.close(resolve));
  });
  return [server, `ws://127.0.0.1:${(server.address() as AddressInfo).port}`];
}

/** Passes on what both say, and keeps what the vendor said. */
async function tapped(target: string): Promise<[string, Buffer[]]> {
  const frames: Buffer[] = [];
  const [server, url] = await listening();
  server.on('connection', (client) => {
    const vendor = new WebSocket(target);
    const opened = once(vendor, 'open');
    client.on('message', (data: Buffer) => void opened.then(() => vendor.send(data)));
    vendor.on('message', (data: Buffer) => {
      frames.push(data);
      client.send(data);
    });
    ends.push(() => vendor.terminate());
  });
  return [url, frames];
}

/** Our reading of frames; instruments are topics without their kind. */
function ours(frames: readonly Buffer[]): { ticks: Tick[]; acknowledged: number } {
  const ticks: Tick[] = [];
  let acknowledged = 0;
  const session = new HsmSession((topic) => topic.slice(3));
  const context = {
    reply: () => void acknowledged++,
    malformed: (error: Error) => {
      throw error;
    },
  };
  for (const frame of frames) ticks.push(...session.receive(frame, 0, context));
  return { ticks, acknowledged };
}

it('reads the simulated market as the client of the vendor does, change by change', async () => {
  const sandbox = await aSandbox({ SANDBOX_TICKS_PER_SECOND: '80' });
  ends.push(() => sandbox.close());
  const [url, frames] = await tapped(sandbox.settings['FYERS_URL'] as string);
  const listings = fyersListings(sandbox.market.listings.values());
  const scrips = ['NSE:TCS-EQ', 'NSE:INFY-EQ', 'BSE:RELIANCE-A'].map((name) => {
    return listings.find(({ symbol }) => symbol === name)?.topic.slice(3) ?? '';
  });
  const messages = sdk(url, scrips, []);
  await until('many messages', () => messages.length > 250, 50_000);
  sandbox.market.stop();
  await until('the last message', () => {
    const [sdkCount, ourCount] = [sdkHistory(messages), ourHistory(ours(frames).ticks)].map((histories) =>
      [...histories.values()].reduce((sum, { length }) => sum + length, 0),
    );
    return sdkCount === ourCount;
  });
  const { ticks } = ours(frames);
  const theirs = sdkHistory(messages);
  expect(theirs.size).toBe(3);
  expect(ourHistory(ticks)).toEqual(theirs);
  expect(messages.filter(({ failure }) => failure !== undefined)).toEqual([]);
  // both acknowledge as often
  await until('the last acknowledgement', () => sandbox.stats('fyers')['acks'] === ours(frames).acknowledged);
  expect(sandbox.stats('fyers')).toMatchObject({ missedAcks: 0, strayAcks: 0, ignored: 0 });
}, 90_000);

it('reads any mixture of entries, scales and missing values as the client of the vendor does', async () => {
  const frames = mixture();
  const [server, url] = await listening();
  server.on('connection', (client) =>
    client.on('message', (data: Buffer) => {
      if (data[2] === REQUEST.auth) client.send(authAccepted(3));
      if (data[2] !== REQUEST.subscribe) return;
      client.send(status(REQUEST.subscribe, true));
      // the second of two, for indices and for shares
      if (data.includes('sf|')) for (const frame of frames) client.send(frame);
    }),
  );
  const messages = sdk(url, TOPICS.slice(0, 3).map(nameOf), TOPICS.slice(3).map(nameOf));
  const { ticks, acknowledged } = ours([authAccepted(3), ...frames]);
  const wanted = ourHistory(ticks);
  await until(
    'the last message',
    () => sdkHistory(messages).get(nameOf(LAST))?.at(-1)?.['price'] === END / 100,
    50_000,
  );
  expect(messages.filter(({ failure }) => failure !== undefined)).toEqual([]);
  const theirs = sdkHistory(messages);
  expect(wanted.get(nameOf(LAST))?.length).toBeGreaterThan(200);
  for (const topic of TOPICS) expect(theirs.get(nameOf(topic))).toEqual(wanted.get(nameOf(topic)));
  expect(acknowledged).toBe(Math.floor(frames.length / 3));
}, 90_000);

interface Topic {
  readonly name: string;
  readonly precision: number;
  readonly values: number;
}

const TOPICS: readonly Topic[] = [
  { name: 'sf|nse_cm|3045', precision: 2, values: 21 },
  { name: 'sf|cde_fo|77', precision: 4, values: 21 },
  { name: 'sf|nse_cm|11', precision: 0, values: 21 },
  { name: 'if|nse_cm|Nifty 50', precision: 2, values: 6 },
];
const LAST = TOPICS[0] as Topic;
const FRAMES = 400;
const END = 123_456_789;

const nameOf = ({ name }: Topic): string => name.slice(3);

/** Snapshots of all, then messages of chance, the same every time: prefixes, missing values, prices alone, snapshots anew. */
function mixture(): Buffer[] {
  const random = seededRandom(7);
  const below = (limit: number): number => Math.floor(random() * limit);
  const number = (topic: Topic): number => 40_000 + TOPICS.indexOf(topic);
  // no 0, which means "none" to us and 0 to the other
  const list = (count: number, missing: number): number[] =>
    Array.from({ length: count }, (_, i) => {
      // the first is the price, without which a snapshot has no change for the other to work out
      if (i > 0 && random() < missing) return NO_VALUE;
      return 1 + below(random() < 0.1 ? 0x7fffffff : 500_000);
    });
  const snapshot = (topic: Topic): Buffer =>
    snapshotEntry({ ...topic, number: number(topic), tradingSymbol: 'X-EQ' }, list(topic.values, 0));
  const update = (topic: Topic): Buffer => {
    const chance = random();
    if (chance < 0.2) return liteEntry(number(topic), 1 + below(500_000));
    if (chance < 0.23) return snapshot(topic);
    return updateEntry(number(topic), list(1 + below(topic.values), 0.5));
  };
  const messages = Array.from({ length: FRAMES }, (_, i) =>
    dataMessage(
      i + 2,
      Array.from({ length: 1 + below(4) }, () => update(TOPICS[below(TOPICS.length)] as Topic)),
    ),
  );
  const end = dataMessage(FRAMES + 2, [updateEntry(number(LAST), [END])]);
  return [dataMessage(1, TOPICS.map(snapshot)), ...messages, end];
}
