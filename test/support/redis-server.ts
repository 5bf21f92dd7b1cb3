import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Redis } from 'ioredis';

// also from the build, which holds no scripts
const { findRedis } = (await import(
  pathToFileURL(join(process.cwd(), 'scripts', 'redis.mjs')).href
)) as typeof import('../../scripts/redis.mjs');

/** A real redis-server process on loopback, without persistence. */
export class RedisServer {
  private constructor(
    readonly port: number,
    readonly folder: string,
    private readonly args: readonly string[],
    private child: ChildProcess,
  ) {}

  /** @param args further options, as on the command line: `--cluster-enabled yes` */
  static async start(args: readonly string[] = [], port?: number): Promise<RedisServer> {
    const chosen = port ?? (await freePort());
    const folder = mkdtempSync(join(tmpdir(), 'tickwire-redis-'));
    const server = new RedisServer(chosen, folder, args, launch(chosen, folder, args));
    await server.answers();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** A client of the test's own; the caller ends it. */
  client(): Redis {
    return new Redis(this.port, '127.0.0.1');
  }

  /** Ends the process at once, as a crash does. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }

  /** Starts it again on the same port, empty. */
  async restart(): Promise<void> {
    await this.kill();
    this.child = launch(this.port, this.folder, this.args);
    await this.answers();
  }

  /** Keeps it from answering, connections open, until `resume`. */
  pause(): void {
    this.child.kill('SIGSTOP');
  }

  resume(): void {
    this.child.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    this.resume();
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async answers(): Promise<void> {
    const client = new Redis(this.port, '127.0.0.1', { lazyConnect: true, retryStrategy: null });
    client.on('error', () => undefined);
    for (let attempt = 0; ; attempt++) {
      try {
        await client.connect();
        await client.ping();
        return;
      } catch (error) {
        if (attempt === 100) throw error;
        await sleep(50);
      } finally {
        client.disconnect();
      }
    }
  }
}

function launch(port: number, folder: string, args: readonly string[]): ChildProcess {
  const program = findRedis();
  if (program === undefined) throw new Error('There is no redis-server on the PATH');
  const own = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'];
  return spawn(program, [...args, ...own], { stdio: 'ignore' });
}

/** A TCP port nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
