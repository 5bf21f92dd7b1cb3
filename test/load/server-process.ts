import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSecondsOf, pinnedCommand, rssOf } from './machine.js';

const READY_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 1_000;

// An interrupted benchmark leaves no server behind: `exit` listeners run only when the process exits by itself.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

/** A server under test: a process of its own, on its own core. */
export class ServerProcess {
  private output = '';
  private exited = false;

  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
  ) {
    const keep = (chunk: Buffer): void => void (this.output = (this.output + chunk.toString()).slice(-4_000));
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    child.once('exit', () => (this.exited = true));
    const kill = (): void => void (this.exited || child.kill('SIGKILL'));
    process.once('exit', kill);
    child.once('exit', () => process.off('exit', kill));
  }

  /**
   * Starts `node script` on a free port, which it learns as `PORT`, and waits until `GET /health/ready` answers 200.
   * Of this process's environment it gets only what Node itself reads.
   * @throws Error with the end of its output when it is not ready in time
   */
  static async start(script: string, env: Readonly<Record<string, string>>, isPinned = true): Promise<ServerProcess> {
    const port = await freePort();
    const [program, args] = isPinned ? pinnedCommand(process.execPath, [script]) : [process.execPath, [script]];
    const { PATH = '', NODE_OPTIONS = '' } = process.env;
    const child = spawn(program, args, {
      env: {
        PATH,
        NODE_OPTIONS,
        NODE_ENV: 'production',
        HOST: '127.0.0.1',
        PORT: String(port),
        HISTORY: 'off',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const server = new ServerProcess(child, port);
    try {
      await server.ready();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  get isRunning(): boolean {
    return !this.exited;
  }

  cpuSeconds(): number {
    return cpuSecondsOf(this.child.pid!);
  }

  rssBytes(): number {
    return rssOf(this.child.pid!);
  }

  /** Halts it until `resume`: whoever shares its core then has the core alone. */
  pause(): void {
    this.child.kill('SIGSTOP');
  }

  resume(): void {
    this.child.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    if (this.exited) return;
    this.resume();
    this.child.kill('SIGTERM');
    const until = performance.now() + STOP_WITHIN_MS;
    while (!this.exited && performance.now() < until) await sleep(50);
    if (!this.exited) this.child.kill('SIGKILL');
  }

  private async ready(): Promise<void> {
    const until = performance.now() + READY_WITHIN_MS;
    while (!this.exited && performance.now() < until) {
      const answer = await fetch(`http://127.0.0.1:${this.port}/health/ready`).catch(() => undefined);
      await answer?.arrayBuffer();
      if (answer?.status === 200) return;
      await sleep(100);
    }
    throw new Error(`the server was not ready within ${READY_WITHIN_MS / 1_000} s; its last output:\n${this.output}`);
  }
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
