import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Sandbox } from '../../apps/sandbox/src/sandbox.js';
import { CountingProxy } from '../support/counting-proxy.js';
import { type Door, FleetClient } from '../support/fleet-client.js';
import { NetworkLink } from '../support/network-link.js';
import { NodeProcess } from '../support/node-process.js';
import { RedisServer } from '../support/redis-server.js';
import { RoundRobin } from '../support/round-robin.js';
import { textOf, UpdateLedger } from '../support/update-ledger.js';
import { aSandbox } from '../support/vendor-sandbox.js';

const CLIENTS = 300;
/** One that is polled, so that calls of vendors can be counted, and others that are streamed. */
const POLLED = 'BSE:500325';
const STREAMED = ['NSE:TCS', 'NSE:INFY', 'NSE:SBIN', 'NSE:ITC', 'NSE:LT', 'NSE:MARUTI', 'NSE:TITAN', 'NSE:WIPRO'];
const PER_CLIENT = 5;
const LEASE_MS = 2000;
/** Longer than a lease, and than a follower waits for a word of the owner. */
const FAULT_MS = 4000;
/** The goal for a takeover is 10 s, for a fault that lasts after its end; here nodes, clients and Redis share a machine with other specs. */
const BACK_WITHIN_MS = 25_000;

interface Part {
  readonly node: NodeProcess;
  readonly port: number;
  /** Between the node and the vendors. */
  readonly vendors: CountingProxy;
  /** Between the node and Redis. */
  readonly link: NetworkLink;
}

const ends: (() => unknown)[] = [];
const ledger = new UpdateLedger();
const clients: FleetClient[] = [];
const gaps: string[] = [];
let redis: RedisServer;
let sandbox: Sandbox;
let balancer: RoundRobin;
let parts: Part[] = [];

async function aNode(): Promise<Part> {
  const vendors = await CountingProxy.start(sandbox.port);
  const link = await NetworkLink.start(redis.port);
  ends.push(
    () => vendors.close(),
    () => link.close(),
  );
  const settings = Object.fromEntries(
    Object.entries(sandbox.settings).map(([key, value]) => [
      key,
      value.replaceAll(`127.0.0.1:${sandbox.port}`, new URL(vendors.url).host),
    ]),
  );
  const node = await NodeProcess.start({
    ...settings,
    REDIS_URL: `redis://127.0.0.1:${link.port}`,
    LEASE_MS: String(LEASE_MS),
    LOG_LEVEL: 'info',
    MARKET_HOURS: 'always',
    BSE_REQUESTS_PER_SECOND: '100',
    REFRESH_HOT_MS: '500',
    REFRESH_NORMAL_MS: '500',
    ACTIVE_SYMBOLS_MS: '250',
  });
  ends.push(() => node.end());
  const part = { node, port: Number(new URL(node.url).port), vendors, link };
  parts.push(part);
  return part;
}

async function stateOf({ node }: Part): Promise<string> {
  const { details } = (await node.get('/health')) as { details: { fleet: { is: string } } };
  return details.fleet.is;
}

async function eventually(what: string, holds: () => boolean): Promise<void> {
  for (const started = performance.now(); !holds(); await sleep(20))
    if (performance.now() - started > BACK_WITHIN_MS) throw new Error(`never came: ${what}`);
}

/** The owner and the others, once there is one owner and everybody else stands by. */
async function roles(): Promise<{ owner: Part; others: Part[] }> {
  for (const started = performance.now(); ; await sleep(20)) {
    const states = await Promise.all(parts.map(stateOf));
    const owner = parts[states.indexOf('owner')];
    const others = parts.filter((part) => part !== owner);
    if (owner !== undefined && states.filter((state) => state === 'standby').length === others.length)
      return { owner, others };
    if (performance.now() - started > BACK_WITHIN_MS) throw new Error(`no owner among ${states.join()}`);
  }
}

/** What differs between the owner's REST and any client while the market stands still; undefined once nothing does. */
async function difference(): Promise<string | undefined> {
  const { owner } = await roles();
  const body = await owner.node.get(`/api/v1/quotes?symbols=${[POLLED, ...STREAMED].join()}`);
  const truth = new Map((body['quotes'] as { symbol: string }[]).map((quote) => [quote.symbol, textOf(quote)]));
  const epochs = new Set(clients.map(({ epoch }) => epoch));
  if (epochs.size !== 1) return `clients are in the epochs ${[...epochs].join()}`;
  for (const [i, { quotes, symbols }] of clients.entries()) {
    for (const symbol of symbols) {
      const held = textOf(quotes.get(symbol) ?? {});
      if (held !== truth.get(symbol)) return `client ${i} holds ${held}, the owner ${truth.get(symbol)}`;
    }
  }
  return undefined;
}

async function becomeEqual(): Promise<void> {
  sandbox.market.stop();
  try {
    for (const started = performance.now(); ; await sleep(100)) {
      const found = await difference();
      if (found === undefined) return;
      if (performance.now() - started > BACK_WITHIN_MS) throw new Error(`never equal: ${found}`);
    }
  } finally {
    sandbox.market.start();
  }
}

/** Nodes in the order in which they called vendors, each as often as it took turns. */
function turnsSince(at: number): Part[] {
  const calls = parts.flatMap((part) =>
    part.vendors.requests
      .filter((request) => request.at > at && !request.path.startsWith('/instruments'))
      .map((request) => ({ part, at: request.at })),
  );
  const inOrder = calls.toSorted((a, b) => a.at - b.at).map(({ part }) => part);
  return inOrder.filter((part, i) => part !== inOrder[i - 1]);
}

/** Every client leaves and comes back, so that each node has a third of them. */
async function spread(): Promise<void> {
  for (const [i, client] of clients.entries()) {
    client.moveTo(balancer.url);
    if (i % 20 === 19) await sleep(20);
  }
  await becomeEqual();
}

/** Causes a fault, waits until all clients are equal again, and says what they have noticed. */
async function survive(
  fault: string,
  cause: () => Promise<unknown>,
  { lastsMs = 0 } = {},
): Promise<{ keepsOwner: boolean }> {
  await spread();
  const { owner } = await roles();
  const started = performance.now();
  for (const client of clients) client.takeGap();
  await cause();
  const ended = performance.now();
  await eventually('news for each client', () => clients.every(({ heardAt }) => heardAt > ended));
  const longest = clients.map((client) => client.takeGap()).toSorted((a, b) => a - b);
  const [median = 0, worst = 0] = [longest[CLIENTS / 2], longest.at(-1)];
  await becomeEqual();
  const keepsOwner = (await roles()).owner === owner;
  const times = `${worst.toFixed(0)} ms at most, ${median.toFixed(0)} ms for the median client`;
  gaps.push(`${fault}: ${times}; ${keepsOwner ? 'the same' : 'another'} owner`);
  expect(ledger.faults.slice(0, 5)).toEqual([]);
  const turns = turnsSince(started);
  expect(turns).toHaveLength(new Set(turns).size);
  expect(worst).toBeLessThan(lastsMs + BACK_WITHIN_MS);
  return { keepsOwner };
}

beforeAll(async () => {
  redis = await RedisServer.start();
  ends.push(() => redis.stop());
  sandbox = await aSandbox({ SANDBOX_TICKS_PER_SECOND: '5' });
  ends.push(() => sandbox.close());
  await Promise.all([aNode(), aNode(), aNode()]);
  balancer = await RoundRobin.start(() => parts.map(({ port }) => port));
  ends.push(() => balancer.close());
  const doors: Door[] = ['websocket', 'websocket', 'socket.io'];
  for (let i = 0; i < CLIENTS; i++) {
    const symbols = [POLLED, ...STREAMED.map((_, n) => STREAMED[(i + n) % STREAMED.length]!)].slice(0, PER_CLIENT);
    clients.push(new FleetClient(i, balancer.url, doors[i % doors.length]!, symbols, ledger));
    if (i % 20 === 19) await sleep(50);
  }
}, 120_000);

afterAll(async () => {
  for (const client of clients) client.leave();
  for (const end of ends.splice(0).toReversed()) await end();
  const told = ['Longest time without news of the market', ...gaps, `${ledger.positions} positions compared`];
  process.stdout.write(`${told.join('\n  ')}\n`);
});

function without(gone: Part): void {
  parts = parts.filter((part) => part !== gone);
}

describe('300 clients of three nodes hold the same quotes without a hole or a repeat', { timeout: 180_000 }, () => {
  it('while all is well', async () => {
    await survive('no fault', () => sleep(2000));
    const counted = async (): Promise<number[]> => {
      const { nodes } = (await parts[0]!.node.get('/api/v1/fleet')) as { nodes: { clients: number }[] };
      return nodes.map((node) => node.clients);
    };
    // nodes tell one another once a second
    const isAll = (sum: number): void => expect(sum).toBe(CLIENTS);
    await vi.waitFor(async () => isAll((await counted()).reduce((sum, count) => sum + count, 0)), BACK_WITHIN_MS);
    const counts = await counted();
    for (const count of counts) expect(count).toBeGreaterThan(CLIENTS / 4);
  });

  it('when a node that is not the owner is killed', async () => {
    const { others } = await roles();
    const [gone] = others as [Part];
    const next = aNode();
    await survive('a follower is killed', async () => {
      without(gone);
      gone.node.kill('SIGKILL');
      await next;
    });
  });

  it('when the owner is killed', async () => {
    const { owner } = await roles();
    await survive('the owner is killed', async () => {
      without(owner);
      owner.node.kill('SIGKILL');
      await Promise.all([aNode(), sleep(LEASE_MS)]);
    });
  });

  it('when Redis is killed and comes back empty, and keep their owner and its epoch', async () => {
    const epoch = clients[0]!.epoch;
    const { keepsOwner } = await survive(
      'Redis is away for 4 s and comes back empty',
      async () => {
        await redis.kill();
        await sleep(FAULT_MS);
        await redis.restart();
      },
      { lastsMs: FAULT_MS },
    );
    expect(keepsOwner).toBe(true);
    expect(clients[0]!.epoch).toBe(epoch);
  });

  it('when the network between Redis and a follower stands still', async () => {
    const { others } = await roles();
    const [follower] = others as [Part];
    await survive(
      'a follower does not reach Redis for 4 s',
      async () => {
        follower.link.cut();
        await sleep(FAULT_MS);
        follower.link.mend();
      },
      { lastsMs: FAULT_MS },
    );
  });

  it('when the network between Redis and the owner stands still, which leaves the vendors to another', async () => {
    const { owner } = await roles();
    await survive(
      'the owner does not reach Redis for 4 s',
      async () => {
        owner.link.cut();
        await sleep(FAULT_MS);
        expect(await stateOf(owner)).toBe('waiting');
        owner.link.mend();
      },
      { lastsMs: FAULT_MS },
    );
  });

  it('when the owner stands still', async () => {
    const { owner } = await roles();
    await survive(
      'the owner stands still for 4 s',
      async () => {
        owner.node.kill('SIGSTOP');
        await sleep(FAULT_MS);
        owner.node.kill('SIGCONT');
      },
      { lastsMs: FAULT_MS },
    );
  });
});
