import { connect, type Socket } from 'node:net';

/** One connection that asks for the same path again and again, each time after the whole answer has come. */
class KeepAliveConnection {
  private readonly socket: Socket;
  private readonly request: string;
  private missing = 0;
  private head = '';
  answers = 0;
  isStopped = false;

  constructor(port: number, path: string) {
    this.request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n\r\n`;
    this.socket = connect(port, '127.0.0.1', () => this.ask());
    this.socket.setNoDelay().on('data', (chunk: Buffer) => this.read(chunk));
  }

  stop(): void {
    this.isStopped = true;
    this.socket.destroy();
  }

  private ask(): void {
    if (!this.isStopped) this.socket.write(this.request, 'latin1');
  }

  private read(chunk: Buffer): void {
    let rest = chunk.length;
    if (this.missing === 0) {
      this.head += chunk.toString('latin1');
      const end = this.head.indexOf('\r\n\r\n');
      if (end < 0) return;
      if (!this.head.startsWith('HTTP/1.1 200 ')) throw new Error(this.head.slice(0, end));
      this.missing = Number(/content-length: (\d+)/i.exec(this.head)?.[1]);
      rest = this.head.length - end - 4;
      this.head = '';
    }
    this.missing -= rest;
    if (this.missing > 0) return;
    this.answers++;
    this.ask();
  }
}

export interface Throughput {
  readonly requests: number;
  readonly seconds: number;
}

/** Asks over several connections at once, each without pipelining, and counts the answers after a time to warm up. */
export async function load(
  port: number,
  path: string,
  connections: number,
  warmUpMs: number,
  measureMs: number,
  measuring: () => void,
): Promise<Throughput> {
  const clients = Array.from({ length: connections }, () => new KeepAliveConnection(port, path));
  const answers = (): number => clients.reduce((sum, client) => sum + client.answers, 0);
  await new Promise((resolve) => setTimeout(resolve, warmUpMs));
  const before = answers();
  const started = performance.now();
  measuring();
  await new Promise((resolve) => setTimeout(resolve, measureMs));
  const throughput = { requests: answers() - before, seconds: (performance.now() - started) / 1000 };
  for (const client of clients) client.stop();
  return throughput;
}
