import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Sandbox } from '../../apps/sandbox/src/sandbox.js';
import { type Door, FleetClient } from '../support/fleet-client.js';
import { NodeProcess } from '../support/node-process.js';
import { RawClient } from '../support/raw-client.js';
import { RedisServer } from '../support/redis-server.js';
import { UpdateLedger } from '../support/update-ledger.js';
import { aSandbox } from '../support/vendor-sandbox.js';
import { until } from '../support/vendor-tools.js';

/** After which a node sends snapshots rather than wait for what is missing. */
const PATIENCE_MS = 250;
const SYMBOLS = ['NSE:TCS', 'NSE:INFY', 'NSE:SBIN'];

const ends: (() => unknown)[] = [];
const ledger = new UpdateLedger();
let redis: RedisServer;
let sandbox: Sandbox;
let owner: NodeProcess;
let other: NodeProcess;
/** Stays with the owner, so that prices go on moving and every position is known. */
let witness: FleetClient;

async function aNode(): Promise<NodeProcess> {
  const node = await NodeProcess.start({
    ...sandbox.settings,
    VENDORS: 'json',
    REDIS_URL: redis.url,
    LEASE_MS: '5000',
    MARKET_HOURS: 'always',
  });
  ends.push(() => node.end());
  return node;
}

function aClient(node: NodeProcess, door: Door): FleetClient {
  const client = new FleetClient(0, node.url, door, SYMBOLS, ledger);
  ends.push(() => client.leave());
  return client;
}

const ownerOf = async (node: NodeProcess): Promise<unknown> => (await node.get('/api/v1/fleet'))['epoch'];

/** A client that comes before a node has heard the owner starts from snapshots. */
async function hearsOwner(node: NodeProcess): Promise<void> {
  for (let epoch: unknown; epoch !== witness.epoch; await sleep(50)) {
    const client = await RawClient.connect(node.wsUrl);
    epoch = (await client.next('connected'))['epoch'];
    client.close();
  }
}

beforeAll(async () => {
  redis = await RedisServer.start();
  ends.push(() => redis.stop());
  sandbox = await aSandbox();
  ends.push(() => sandbox.close());
  owner = await aNode();
  witness = aClient(owner, 'websocket');
  await until('prices', () => SYMBOLS.every((symbol) => witness.sequence(symbol) > 2));
  other = await aNode();
  await hearsOwner(other);
}, 120_000);

afterAll(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

/** A client leaves for a while and lands on another node, which has what is missing in time: a machine may be too slow for that. */
async function move(client: FleetClient, to: NodeProcess): Promise<{ left: Record<string, number> }> {
  for (let tries = 1; ; tries++) {
    const told = await moveOnce(client, to);
    if (!client.types.includes('snapshot') || (client.answeredMs ?? 0) < PATIENCE_MS || tries === 10) return told;
    client.moveTo(owner.url);
    client.taken.length = 0;
  }
}

async function moveOnce(client: FleetClient, to: NodeProcess): Promise<{ left: Record<string, number> }> {
  await until('prices', () => SYMBOLS.every((symbol) => client.sequence(symbol) > 2));
  client.leave();
  const left = Object.fromEntries(SYMBOLS.map((symbol) => [symbol, client.sequence(symbol)]));
  await until('changes', () => SYMBOLS.every((symbol) => witness.sequence(symbol) > (left[symbol] ?? 0) + 5));
  client.moveTo(to.url);
  await until('what was missed', () => SYMBOLS.every((symbol) => client.sequence(symbol) > (left[symbol] ?? 0) + 10));
  return { left };
}

/** Each position after the one at which it left, up to where it is. */
function positionsSince(left: Record<string, number>, client: FleetClient): string[] {
  return SYMBOLS.flatMap((symbol) => {
    const first = (left[symbol] ?? 0) + 1;
    return Array.from({ length: client.sequence(symbol) - first + 1 }, (_, i) => `${symbol} ${first + i}`);
  });
}

describe.each(['websocket', 'socket.io'] as const)(
  'a client of %s that leaves one node for another',
  { timeout: 120_000 },
  (door) => {
    it('gets each change it has missed once and in order, from the log of all nodes', async () => {
      const client = aClient(owner, door);
      await until('prices', () => SYMBOLS.every((symbol) => client.sequence(symbol) > 2));
      client.taken.length = 0;
      const { left } = await move(client, other);
      expect(ledger.faults).toEqual([]);
      expect(client.types.filter((type) => type === 'snapshot')).toEqual([]);
      expect(client.taken).toEqual(expect.arrayContaining(positionsSince(left, client)));
      expect(new Set(client.taken).size).toBe(client.taken.length);
      expect(client.epoch).toBe(witness.epoch);
    });

    it('gets them also from a node that has just been started', async () => {
      const client = aClient(owner, door);
      await until('prices', () => SYMBOLS.every((symbol) => client.sequence(symbol) > 2));
      const fresh = await aNode();
      await hearsOwner(fresh);
      client.taken.length = 0;
      const { left } = await move(client, fresh);
      expect(ledger.faults).toEqual([]);
      expect(client.types.filter((type) => type === 'snapshot')).toEqual([]);
      expect(client.taken).toEqual(expect.arrayContaining(positionsSince(left, client)));
      expect(new Set(client.taken).size).toBe(client.taken.length);
      await fresh.end();
    });
  },
);

it('gets a snapshot of the new epoch after a takeover', { timeout: 90_000 }, async () => {
  const client = aClient(owner, 'websocket');
  await until('prices', () => SYMBOLS.every((symbol) => client.sequence(symbol) > 2));
  const before = client.epoch;
  client.leave();
  witness.leave();
  owner.kill('SIGKILL');
  for (let epoch: unknown = before; epoch === before || epoch === null; epoch = await ownerOf(other)) await sleep(50);
  client.moveTo(other.url);
  await until('the new epoch', () => client.epoch !== before);
  await until('prices', () => SYMBOLS.every((symbol) => client.sequence(symbol) > 3));
  expect(client.epoch).toBe(await ownerOf(other));
  expect(client.types.filter((type) => type === 'snapshot')).toHaveLength(SYMBOLS.length);
  expect(ledger.faults).toEqual([]);
});
