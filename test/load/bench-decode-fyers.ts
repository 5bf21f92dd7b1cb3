import { once } from 'node:events';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import {
  authAccepted,
  dataMessage,
  NO_VALUE,
  snapshotEntry,
  updateEntry,
} from '../../apps/sandbox/src/fyers/hsm-frames.js';
import type { FrameContext } from '../../libs/vendors/src/transports/ws-feed.js';
import { HsmSession } from '../../libs/vendors/src/fyers/hsm-session.js';

/**
 * What one tick of a data message costs: our decoder, which ends in ticks, against the vendor's SDK, which hands its user a JSON text.
 * One snapshot of each instrument before, then updates as a day brings them: a trade moves the first values, an order only the book.
 * Acknowledgements are left out. Prints JSON, nanoseconds a tick.
 */
const INSTRUMENTS = 100;
const MESSAGES = 1000;
const ENTRIES = 20;
const ROUNDS = 15;
const START = 1_740_729_566;
/** Never reached: 0 would keep the SDK from reading the messages' numbers. */
const ACK_NEVER = 0x7fffffff;

const topics = Array.from({ length: INSTRUMENTS }, (_, i) => ({
  number: 1000 + i,
  name: `sf|nse_cm|${3000 + i}`,
  precision: 2,
  tradingSymbol: `B${i}-EQ`,
}));
const ids = new Map(topics.map(({ name }, i) => [name, `NSE:B${i}`]));

/** The values of a share after its nth change, in paise. */
function valuesOf(i: number, n: number): number[] {
  const price = 100_000 + i * 1000 + ((n * 7 + i) % 21) * 5;
  const book = [75 + (n % 900), 60 + (n % 700), price - 5, price + 5];
  const day = [price - 800, price + 900, 90_000, 180_000, 80_000, 140_000, price - 100, price - 350];
  const at = START + Math.floor(n / 50);
  return [price, 1_200_000 + n, at, at, ...book, 1 + (n % 90), 912_345 + n, 845_671 - n, price + 3, 0, ...day];
}

/** Every third is an order only: price, volume and last trade stay. */
function changesOf(i: number, n: number): number[] {
  const values = valuesOf(i, n).slice(0, n % 16 === 0 ? 21 : 12);
  return n % 3 === 0 ? [NO_VALUE, NO_VALUE, NO_VALUE, ...values.slice(3, 8)] : values;
}

const snapshots = dataMessage(
  1,
  topics.map((topic, i) => snapshotEntry(topic, valuesOf(i, 0))),
);
const updates = Array.from({ length: MESSAGES }, (_, m) =>
  dataMessage(
    m + 2,
    Array.from({ length: ENTRIES }, (__, e) => {
      const n = m * ENTRIES + e + 1;
      return updateEntry(1000 + (n % INSTRUMENTS), changesOf(n % INSTRUMENTS, n));
    }),
  ),
);
const ticks = MESSAGES * ENTRIES;

interface SdkClient {
  onOpen: () => void;
  onMessage: (text: string) => void;
  onError: () => void;
  onClose: () => void;
  readonly ws: { onmessage: (event: { data: ArrayBuffer }) => void };
  connect(url: string): void;
  close(): void;
}

/** The SDK's reader of messages, and what it reads them into; connected to a server that says nothing, since it wants one. */
async function sdkReader(onMessage: (text: string) => void): Promise<[(data: ArrayBuffer) => void, () => void]> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const Client = createRequire(import.meta.url)('fyers-api-v3/HSM_Package/hslib.js') as new () => SdkClient;
  const client = new Client();
  const opened = new Promise<void>((resolve) => (client.onOpen = resolve));
  client.onMessage = onMessage;
  client.onError = () => undefined;
  client.onClose = () => undefined;
  client.connect(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await opened;
  return [
    (data) => client.ws.onmessage({ data }),
    () => {
      for (const one of server.clients) one.terminate();
      server.close();
    },
  ];
}

/** Best round of several: noise only ever adds. */
function nanosecondsPerTick<Frame>(frames: readonly Frame[], decode: (frame: Frame) => void): number {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const started = performance.now();
    for (const frame of frames) decode(frame);
    best = Math.min(best, performance.now() - started);
  }
  return Math.round((best * 1e6) / ticks);
}

const context: FrameContext = {
  reply: () => undefined,
  malformed: (error) => {
    throw error;
  },
};
const session = new HsmSession((topic) => ids.get(topic));
for (const frame of [authAccepted(ACK_NEVER), snapshots]) session.receive(frame, 0, context);
let read = 0;
const ours = nanosecondsPerTick(updates, (frame) => {
  read += session.receive(frame, START, context).length;
});
if (read !== ticks * ROUNDS) throw new Error(`${read} ticks instead of ${ticks * ROUNDS}`);

let sdkRead = 0;
const [sdkDecode, end] = await sdkReader((text) => {
  // the SDK pushes this text, and its user parses it
  sdkRead += (JSON.parse(text) as object[]).length;
});
const arrayBuffers = [authAccepted(ACK_NEVER), snapshots, ...updates].map((frame) => new Uint8Array(frame).buffer);
for (const frame of arrayBuffers.slice(0, 2)) sdkDecode(frame);
sdkRead = 0;
const sdk = nanosecondsPerTick(arrayBuffers.slice(2), sdkDecode);
if (sdkRead !== ticks * ROUNDS) throw new Error(`the SDK read ${sdkRead} records instead of ${ticks * ROUNDS}`);
end();
console.log(JSON.stringify({ vendor: 'fyers', ours, sdk, ticks }));
// the SDK keeps a timer
process.exit(0);
