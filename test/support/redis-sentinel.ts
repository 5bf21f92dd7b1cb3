import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { findRedis } from '../../scripts/redis.mjs';
import { freePort, RedisServer } from './redis-server.js';

const MASTER = 'mymaster';

interface Sentinel {
  readonly port: number;
  readonly folder: string;
  readonly child: ChildProcess;
}

/** A master and its replica, watched by three sentinels: all of them real processes. */
export class RedisSentinels {
  private constructor(
    readonly master: RedisServer,
    readonly replica: RedisServer,
    private readonly sentinels: readonly Sentinel[],
  ) {}

  /** @param downAfterMs silence from which a sentinel takes the master for dead */
  static async start(downAfterMs = 1000): Promise<RedisSentinels> {
    const master = await RedisServer.start();
    const replica = await RedisServer.start([
      '--replicaof',
      `127.0.0.1 ${master.port}`,
      '--repl-diskless-sync-delay',
      '0',
    ]);
    const sentinels: Sentinel[] = [];
    for (let i = 0; i < 3; i++) sentinels.push(await launch(master.port, downAfterMs));
    const all = new RedisSentinels(master, replica, sentinels);
    await all.agree();
    return all;
  }

  /** As `REDIS_SENTINELS` takes it. */
  get endpoints(): string {
    return this.sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',');
  }

  async stop(): Promise<void> {
    for (const { child, folder } of this.sentinels) {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      rmSync(folder, { recursive: true, force: true });
    }
    await Promise.all([this.master.stop(), this.replica.stop()]);
  }

  /** Waits until every sentinel knows the two others and a replica that is in step. */
  private async agree(): Promise<void> {
    for (const { port } of this.sentinels) {
      const client = new Redis(port, '127.0.0.1');
      client.on('error', () => undefined);
      for (;;) {
        const facts = (await client.call('sentinel', 'master', MASTER).catch(() => [])) as string[];
        const told = (name: string): string | undefined => facts[facts.indexOf(name) + 1];
        if (told('num-other-sentinels') === '2' && told('num-slaves') === '1') break;
        await sleep(100);
      }
      client.disconnect();
    }
    const replica = this.replica.client();
    while (!(await replica.info('replication')).includes('master_link_status:up')) await sleep(50);
    replica.disconnect();
  }
}

async function launch(masterPort: number, downAfterMs: number): Promise<Sentinel> {
  const program = findRedis();
  if (program === undefined) throw new Error('There is no redis-server on the PATH');
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'tickwire-sentinel-'));
  const file = join(folder, 'sentinel.conf');
  // sentinels write what they learn into their file
  writeFileSync(
    file,
    [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${folder}`,
      `sentinel monitor ${MASTER} 127.0.0.1 ${masterPort} 2`,
      `sentinel down-after-milliseconds ${MASTER} ${downAfterMs}`,
      `sentinel failover-timeout ${MASTER} 5000`,
      `sentinel parallel-syncs ${MASTER} 1`,
      '',
    ].join('\n'),
  );
  const child = spawn(program, [file, '--sentinel'], { stdio: 'ignore' });
  return { port, folder, child };
}
