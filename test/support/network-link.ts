import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A way through a network that can stop carrying anything, in both directions and without a word, until it is mended. */
export class NetworkLink {
  private readonly sockets = new Set<Socket>();
  readonly port: number;
  private isCut = false;

  private constructor(
    private readonly server: Server,
    targetPort: number,
  ) {
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (client) => this.join(client, connect(targetPort, '127.0.0.1')));
  }

  static async start(targetPort: number): Promise<NetworkLink> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new NetworkLink(server, targetPort);
  }

  cut(): void {
    this.isCut = true;
    for (const socket of this.sockets) socket.pause();
  }

  mend(): void {
    this.isCut = false;
    for (const socket of this.sockets) socket.resume();
  }

  /** Whoever comes is refused, as by a machine on which nothing listens, and those that are here are cut off, until `accept`. */
  refuse(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  async accept(): Promise<void> {
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private join(client: Socket, upstream: Socket): void {
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.sockets.add(socket);
      socket.on('data', (data: Buffer) => other.write(data));
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
      if (this.isCut) socket.pause();
    }
  }
}
