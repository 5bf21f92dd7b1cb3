import { afterEach, expect, it } from 'vitest';
import { FleetClient } from '../support/fleet-client.js';
import { NodeProcess } from '../support/node-process.js';
import { RedisCluster } from '../support/redis-cluster.js';
import { RedisSentinels } from '../support/redis-sentinel.js';
import { UpdateLedger } from '../support/update-ledger.js';
import { aSandbox } from '../support/vendor-sandbox.js';
import { until } from '../support/vendor-tools.js';

const SYMBOLS = ['NSE:TCS', 'NSE:INFY', 'NSE:SBIN', 'NSE:ITC', 'NSE:LT', 'NSE:WIPRO'];

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

/** Two nodes over a Redis of some kind, and a client of each. */
async function aFleet(redis: Record<string, string>): Promise<{
  nodes: [NodeProcess, NodeProcess];
  clients: [FleetClient, FleetClient];
  ledger: UpdateLedger;
}> {
  const sandbox = await aSandbox();
  ends.push(() => sandbox.close());
  const aNode = async (): Promise<NodeProcess> => {
    const node = await NodeProcess.start({ ...sandbox.settings, VENDORS: 'json', MARKET_HOURS: 'always', ...redis });
    ends.push(() => node.end());
    return node;
  };
  const first = await aNode();
  const second = await aNode();
  const ledger = new UpdateLedger();
  const client = (number: number, node: NodeProcess): FleetClient => {
    const made = new FleetClient(number, node.url, 'websocket', SYMBOLS, ledger);
    ends.push(() => made.leave());
    return made;
  };
  const clients: [FleetClient, FleetClient] = [client(1, first), client(2, second)];
  await until('prices on both nodes, of one epoch', () => {
    const [one, other] = clients;
    return one.epoch === other.epoch && clients.every(hasAll);
  });
  return { nodes: [first, second], clients, ledger };
}

const hasAll = (client: FleetClient): boolean => SYMBOLS.every((symbol) => client.sequence(symbol) > 2);

async function goOn(clients: readonly FleetClient[], since: number): Promise<void> {
  await until('news for each client', () => clients.every(({ heardAt }) => heardAt > since), 60_000);
}

it('goes on over a Redis Cluster, also when the owner is killed', { timeout: 120_000 }, async () => {
  const cluster = await RedisCluster.start();
  ends.push(() => cluster.stop());
  const { nodes, clients, ledger } = await aFleet({ REDIS_CLUSTER: cluster.endpoints });
  const [first, second] = clients;
  const { epoch } = second;
  first.leave();
  nodes[0].kill('SIGKILL');
  await until('the next epoch', () => second.epoch !== epoch && hasAll(second));
  await goOn([second], performance.now());
  expect(ledger.faults).toEqual([]);
});

it(
  'goes on when the master that Sentinels watch is killed, with the owner and the epoch of before',
  { timeout: 150_000 },
  async () => {
    const sentinels = await RedisSentinels.start();
    ends.push(() => sentinels.stop());
    const { clients, ledger } = await aFleet({ REDIS_SENTINELS: sentinels.endpoints, LEASE_MS: '10000' });
    const { epoch } = clients[0];
    await sentinels.master.kill();
    const killed = performance.now();
    await goOn([clients[0]], killed);
    await until(
      'one epoch again',
      () => clients.every((client) => client.epoch === epoch && client.heardAt > killed + 2000),
      60_000,
    );
    expect(ledger.faults).toEqual([]);
  },
);
