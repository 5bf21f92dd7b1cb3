import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** One connection through the proxy. */
export interface ProxiedConnection {
  /** Path of the first request on it. */
  readonly path: string;
  /** Ends it without a word. */
  kill(): void;
  /** Lets nothing through for a while, in neither direction; it stays connected. */
  stall(ms: number): void;
  /** Breaks the next bytes that come from the server. */
  garble(): void;
}

/** A TCP proxy that does to connections what networks do. */
export class ChaosProxy {
  readonly connections = new Set<ProxiedConnection>();

  private constructor(
    private readonly server: Server,
    private readonly targetPort: number,
  ) {
    server.on('connection', (client) => this.accept(client));
  }

  static async start(targetPort: number): Promise<ChaosProxy> {
    const server = createServer();
    const proxy = new ChaosProxy(server, targetPort);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const connection of this.connections) connection.kill();
    this.server.close();
    await once(this.server, 'close');
  }

  private accept(client: Socket): void {
    client.on('error', () => undefined);
    client.once('data', (first: Buffer) => this.join(client, first));
  }

  private join(client: Socket, first: Buffer): void {
    const upstream = connect(this.targetPort, '127.0.0.1');
    let isGarbled = false;
    let stalled: NodeJS.Timeout | undefined;
    const connection: ProxiedConnection = {
      path: first.toString('latin1').split(' ')[1] ?? '',
      kill: () => {
        clearTimeout(stalled);
        this.connections.delete(connection);
        client.destroy();
        upstream.destroy();
      },
      stall: (ms) => {
        client.pause();
        upstream.pause();
        clearTimeout(stalled);
        stalled = setTimeout(() => {
          client.resume();
          upstream.resume();
        }, ms);
      },
      garble: () => {
        isGarbled = true;
      },
    };
    this.connections.add(connection);
    upstream.write(first);
    client.on('data', (data: Buffer) => upstream.write(data));
    upstream.on('data', (data: Buffer) => {
      if (isGarbled) for (let i = 0; i < data.length; i += 7) data[i] = (data[i] as number) ^ 0x5a;
      isGarbled = false;
      client.write(data);
    });
    for (const socket of [client, upstream]) {
      socket.on('error', () => undefined);
      socket.on('close', () => connection.kill());
    }
  }
}
