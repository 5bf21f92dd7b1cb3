import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Redis } from 'ioredis';

const ANSWERS_WITHIN_MS = 20_000;
const PORTS = { first: 15_000, count: 15_000 };

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
    const folder = mkdtempSync(join(tmpdir(), 'tickwire-redis-'));
    for (let tries = 0; tries < 5; tries++) {
      const chosen = port ?? (await freePort());
      const server = new RedisServer(chosen, folder, args, launch(chosen, folder, args));
      // somebody else may have taken the port meanwhile
      if (await server.answers()) return server;
    }
    rmSync(folder, { recursive: true, force: true });
    throw new Error('redis-server ends as soon as it is started');
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
    if (this.hasEnded) return;
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }

  /** Starts it again on the same port, empty. */
  async restart(): Promise<void> {
    await this.kill();
    this.child = launch(this.port, this.folder, this.args);
    if (!(await this.answers())) throw new Error(`redis-server does not start again on port ${this.port}`);
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

  private get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Whether it takes commands, and has not ended instead. */
  private async answers(): Promise<boolean> {
    const deadline = performance.now() + ANSWERS_WITHIN_MS;
    const client = new Redis(this.port, '127.0.0.1', { lazyConnect: true, retryStrategy: null });
    client.on('error', () => undefined);
    for (;;) {
      let failure: unknown = new Error(`another server answers on port ${this.port}`);
      try {
        await client.connect();
        const about = await client.info('server');
        if (about.includes(`process_id:${this.pid}\r`)) return true;
      } catch (error) {
        failure = error;
      } finally {
        client.disconnect();
      }
      if (this.hasEnded) return false;
      if (performance.now() > deadline) throw failure;
      await sleep(50);
    }
  }
}

function launch(port: number, folder: string, args: readonly string[]): ChildProcess {
  const program = findRedis();
  if (program === undefined) throw new Error('There is no redis-server on the PATH');
  const own = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'];
  return spawn(program, [...args, ...own], { stdio: 'ignore' });
}

/** A TCP port nobody listens on now, of those the system gives to nobody by itself: it is still free while a server is away. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = PORTS.first + Math.floor(Math.random() * PORTS.count);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
