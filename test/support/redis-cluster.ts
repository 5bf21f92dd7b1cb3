import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, RedisServer } from './redis-server.js';

const SLOTS = 16_384;

/** A Redis Cluster of real processes: masters without replicas that share all slots. */
export class RedisCluster {
  private constructor(readonly nodes: readonly RedisServer[]) {}

  static async start(masters = 3): Promise<RedisCluster> {
    const nodes: RedisServer[] = [];
    const buses: number[] = [];
    for (let i = 0; i < masters; i++) {
      const bus = await freePort();
      buses.push(bus);
      const options = ['--cluster-enabled', 'yes', '--cluster-port', String(bus), '--cluster-node-timeout', '1000'];
      nodes.push(await RedisServer.start(options));
    }
    const cluster = new RedisCluster(nodes);
    await cluster.join(buses);
    return cluster;
  }

  /** As `REDIS_CLUSTER` takes it. */
  get endpoints(): string {
    return this.nodes.map(({ port }) => `127.0.0.1:${port}`).join(',');
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  private async join(buses: readonly number[]): Promise<void> {
    const clients = this.nodes.map((node) => node.client());
    const share = Math.ceil(SLOTS / clients.length);
    for (const [i, client] of clients.entries()) {
      const last = Math.min((i + 1) * share, SLOTS) - 1;
      await client.call('cluster', 'addslotsrange', i * share, last);
      await client.call('cluster', 'set-config-epoch', i + 1);
    }
    for (const [i, { port }] of this.nodes.entries())
      if (i > 0) await clients[0]?.call('cluster', 'meet', '127.0.0.1', port, buses[i] as number);
    for (const client of clients) {
      while (!String(await client.cluster('INFO')).includes('cluster_state:ok')) await sleep(50);
      while (((await client.cluster('SLOTS')) as unknown[]).length < clients.length) await sleep(50);
      client.disconnect();
    }
  }
}
