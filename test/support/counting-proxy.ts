import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP proxy that notes who asks for what: one for each node shows which of them calls. */
export class CountingProxy {
  /** When each HTTP request, or handshake of a WebSocket, came through; by `performance.now()`. */
  readonly requests: { readonly at: number; readonly path: string }[] = [];
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    targetPort: number,
  ) {
    server.on('connection', (client) => this.join(client, connect(targetPort, '127.0.0.1')));
  }

  static async start(targetPort: number): Promise<CountingProxy> {
    const server = createServer();
    const proxy = new CountingProxy(server, targetPort);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** How many requests came through after a moment. */
  since(at: number): number {
    return this.requests.filter((request) => request.at > at).length;
  }

  /** Connections that are open now. */
  get open(): number {
    return this.sockets.size / 2;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private join(client: Socket, upstream: Socket): void {
    client.on('data', (data: Buffer) => {
      const [method, path] = data.toString('latin1', 0, 500).split(' ');
      if (method === 'GET' || method === 'POST') this.requests.push({ at: performance.now(), path: path ?? '' });
      upstream.write(data);
    });
    upstream.on('data', (data: Buffer) => client.write(data));
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
    }
  }
}
