import type { Server as HttpServer } from 'node:http';
import { connect as tcpConnect } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clientFrame, TEXT } from '../load/frame-walker.js';
import { seededRandom } from '../load/random.js';
import { Garbage } from '../support/garbage.js';
import { RawClient } from '../support/raw-client.js';
import { aProduct, type Product } from '../support/running-server.js';
import { until } from '../support/vendor-tools.js';

const MIB = 1024 * 1024;
/** Attackers at one time. */
const AT_ONCE = 16;
/** An input that leaves the server waiting for the rest of it is given up after this, ms. */
const PATIENCE_MS = 20;
/** What 100,000 inputs may leave behind: code that has become hot, caches of bounded size. */
const HEAP_GROWTH_LIMIT = 8 * MIB;
/** A connection whose last message is not answered within this hangs, ms. */
const HANGS_AFTER_MS = 30_000;
/** End of what was told that is kept, in case a sign arrives in two parts. */
const KEPT = 4096;
/** What a client is told when a message has made the server stumble. */
const FAILED = 'The server could not do this';
const SEED = Number(process.env['FUZZ_SEED'] ?? 1);

/** One connection: what opens it, what is sent once the server has greeted, and the sign that all of it has been read. */
interface Attack {
  readonly upgrade: string;
  /** What is sent to be greeted, and how the greeting is known. */
  readonly hello?: Buffer;
  readonly greeting?: string;
  readonly inputs: readonly Buffer[];
  readonly done?: string;
}

interface Kind {
  readonly inputs: number;
  readonly perConnection: number;
  attack(garbage: Garbage, count: number): Attack;
}

const text = (content: string): Buffer => clientFrame(TEXT, Buffer.from(content));
const many = (count: number, make: () => Buffer): Buffer[] => Array.from({ length: count }, make);

const WS = { upgrade: upgradeOf('/ws'), greeting: '"type":"connected"' };
const SOCKET_IO = {
  upgrade: upgradeOf('/socket.io/?EIO=4&transport=websocket'),
  hello: text('40'),
  greeting: '42["connected"',
};

const KINDS: Readonly<Record<string, Kind>> = {
  'messages of /ws': {
    inputs: 55_000,
    perConnection: 250,
    attack: (garbage, count) => ({
      ...WS,
      inputs: [...many(count, () => garbage.message()), text('{"action":"ping","id":"the end"}')],
      done: '"id":"the end"',
    }),
  },
  'events of Socket.IO': {
    inputs: 30_000,
    perConnection: 250,
    attack: (garbage, count) => ({
      ...SOCKET_IO,
      inputs: [...many(count, () => text(garbage.event())), text('42777["ping",{}]')],
      done: '43777[',
    }),
  },
  'packets of Socket.IO': {
    inputs: 5000,
    perConnection: 1,
    attack: (garbage, count) => ({
      ...SOCKET_IO,
      inputs: [...many(count, () => text(garbage.packet()))],
    }),
  },
  'WebSocket frames': {
    inputs: 5000,
    perConnection: 1,
    attack: (garbage, count) => ({ ...WS, inputs: many(count, () => garbage.frame()) }),
  },
  'upgrade requests': {
    inputs: 3500,
    perConnection: 1,
    attack: (garbage) => ({ upgrade: garbage.request().toString('latin1'), inputs: [] }),
  },
  'polls of Socket.IO': {
    inputs: 1500,
    perConnection: 1,
    attack: (garbage) => {
      const body = garbage.pollBody();
      const head = 'POST /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nConnection: close\r\n';
      return { upgrade: `${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`, inputs: [] };
    },
  },
};

let product: Product;
let observer: RawClient;
const crashes: unknown[] = [];
const remember = (error: unknown): void => void crashes.push(error);

beforeAll(async () => {
  process.on('uncaughtExceptionMonitor', remember);
  process.on('unhandledRejection', remember);
  // no limit of messages a second, so that every input is looked at
  product = await aProduct({ MESSAGES_PER_SECOND: '1000000', LOG_LEVEL: 'error' });
  observer = await RawClient.connect(product.wsUrl);
  observer.send({ action: 'subscribe', symbols: ['NSE:RELIANCE', 'NSE:SBIN'], compression: 'delta' });
  await observer.next('price_update');
});
afterAll(async () => {
  process.off('uncaughtExceptionMonitor', remember);
  process.off('unhandledRejection', remember);
  await product.stop();
});

it('100,000 inputs of garbage at both doors cost nobody anything but the connections they came by', async () => {
  const total = Object.values(KINDS).reduce((sum, { inputs }) => sum + inputs, 0);
  expect(total).toBe(100_000);
  // the first tenth makes code hot and fills caches
  const warmed = await attackAll(0.1, SEED);
  await until('nobody but the observer', () => product.hub.clients.size === 1);
  const heapBefore = heapUsed();
  const updatesBefore = observer.messages.length;
  const sent = await attackAll(0.9, SEED + 1);
  expect(warmed + sent).toBe(total);
  await until('nobody but the observer', () => product.hub.clients.size === 1);
  let open = Infinity;
  await until('no connection', () => {
    (product.server.app.getHttpServer() as HttpServer).getConnections((_error, count) => (open = count));
    return open <= 1;
  });

  expect(crashes).toEqual([]);
  expect((heapUsed() - heapBefore) / MIB).toBeLessThan(HEAP_GROWTH_LIMIT / MIB);
  expect(product.hub.subscriptions.size).toBe(2);
  expect((await product.get('/health/live')).status).toBe(200);
  const updates = (): number =>
    observer.messages.slice(updatesBefore).filter(({ type }) => type === 'price_update').length;
  await until('prices for the observer', () => updates() > 100);
  for (const symbol of ['NSE:RELIANCE', 'NSE:SBIN']) {
    const sequences = observer.messages
      .filter((message) => message.type === 'price_update' && message['symbol'] === symbol)
      .map(({ seq }) => Number(seq));
    expect(sequences).toEqual(sequences.map((_, i) => sequences[0]! + i));
  }
}, 240_000);

it('one connection is one client, however often it connects at once', async () => {
  const { hostname, port } = new URL(product.url);
  const socket = tcpConnect(Number(port), hostname);
  let told = '';
  socket.on('data', (data) => (told += data.toString('latin1')));
  socket.once('data', () => socket.write(Buffer.concat(many(200, () => text('40')))));
  socket.write(SOCKET_IO.upgrade);
  await until('the refusals', () => told.split('44{"message":"one connect at a time"').length === 200);
  // the observer and this one
  expect(product.hub.clients.size).toBe(2);
  socket.destroy();
  await until('its end', () => product.hub.clients.size === 1);
});

/** Sends a share of each kind, some connections at a time; returns the inputs sent. */
async function attackAll(share: number, seed: number): Promise<number> {
  const garbage = new Garbage(seededRandom(seed));
  let sent = 0;
  for (const [name, { inputs, perConnection, attack }] of Object.entries(KINDS)) {
    let left = Math.round(inputs * share);
    const attacker = async (): Promise<void> => {
      while (left > 0) {
        const count = Math.min(perConnection, left);
        left -= count;
        await outcome(name, attack(garbage, count));
        sent += count;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, attacker));
  }
  return sent;
}

/** Resolves when the server has read everything, has hung up, or waits for more. */
async function outcome(name: string, { upgrade, hello, greeting, inputs, done }: Attack): Promise<void> {
  const { hostname, port } = new URL(product.url);
  const socket = tcpConnect(Number(port), hostname);
  let told = '';
  await new Promise<void>((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const end = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve();
    };
    let isGreeted = greeting === undefined;
    socket.once('data', () => hello !== undefined && socket.write(hello));
    socket.on('data', (data) => {
      told += data.toString('latin1');
      if (told.includes(FAILED)) remember(`${name}: ${told.slice(-400)}`);
      if (!isGreeted && told.includes(greeting as string)) {
        isGreeted = true;
        socket.write(Buffer.concat(inputs));
      }
      if (done !== undefined && told.includes(done)) end();
      told = told.slice(-KEPT);
    });
    socket.on('error', end);
    socket.on('close', end);
    socket.write(upgrade, 'latin1');
    // where an end is promised, its absence is a fault; elsewhere the server may wait for more
    timer = setTimeout(
      () => (done === undefined ? end() : reject(new Error(`${name} hangs: ${told.slice(-400)}`))),
      done === undefined ? PATIENCE_MS : HANGS_AFTER_MS,
    );
  });
}

function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

function upgradeOf(path: string): string {
  const headers = ['Host: x', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
  return [`GET ${path} HTTP/1.1`, ...headers, 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', '', ''].join('\r\n');
}
