import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const MAIN = join(import.meta.dirname, '../../dist/apps/server/src/main.js');
const READY_WITHIN_MS = 30_000;
const MOST_LOGS = 200_000;

/** A server in a process of its own, from the build. Of this process's environment it gets only what Node itself reads. */
export class NodeProcess {
  private output = '';

  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
    output: string,
  ) {
    this.output = output;
    const keep = (chunk: Buffer): void => void (this.output = (this.output + chunk.toString()).slice(-MOST_LOGS));
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
  }

  /**
   * Starts one on a free port of loopback.
   * @throws Error with its last output when it ends before it listens, or takes too long
   */
  static async start(env: Readonly<Record<string, string>>): Promise<NodeProcess> {
    const { PATH = '', NODE_OPTIONS = '' } = process.env;
    const child = spawn(process.execPath, [MAIN], {
      env: { PATH, NODE_OPTIONS, HOST: '127.0.0.1', PORT: '0', HISTORY: 'off', ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    let early = '';
    const keep = (chunk: Buffer): void => void (early += chunk.toString());
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    const timer = setTimeout(() => child.kill('SIGKILL'), READY_WITHIN_MS);
    const url = await new Promise<string>((resolve, reject) => {
      child.once('message', (message) => resolve((message as { url: string }).url));
      child.once('exit', () => reject(new Error(`the server did not start; its output:\n${early.slice(-4000)}`)));
    }).finally(() => clearTimeout(timer));
    child.stdout?.off('data', keep);
    child.stderr?.off('data', keep);
    return new NodeProcess(child, url, early);
  }

  get pid(): number {
    return this.child.pid as number;
  }

  get wsUrl(): string {
    return `${this.url.replace('http', 'ws')}/ws`;
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** The end of what it has written. */
  get logs(): string {
    return this.output;
  }

  /** Body of a route, as JSON. */
  async get(path: string): Promise<Record<string, unknown>> {
    return (await (await fetch(this.url + path)).json()) as Record<string, unknown>;
  }

  /** SIGSTOP, SIGCONT, SIGKILL, SIGTERM. */
  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Resolves when it has ended. */
  async ended(): Promise<void> {
    if (this.isRunning) await once(this.child, 'exit');
  }

  /** Ends it at once, also one that is stopped. Safe to call twice. */
  async end(): Promise<void> {
    this.kill('SIGKILL');
    await this.ended();
  }
}
