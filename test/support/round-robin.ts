import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A plain TCP load balancer on loopback: each connection goes to the next target that takes it. */
export class RoundRobin {
  private readonly sockets = new Set<Socket>();
  private turn = 0;

  private constructor(
    private readonly server: Server,
    /** Ports of the nodes behind it, as they are now. */
    private readonly targets: () => readonly number[],
  ) {
    server.on('connection', (client) => this.accept(client));
  }

  static async start(targets: () => readonly number[]): Promise<RoundRobin> {
    const server = createServer();
    const balancer = new RoundRobin(server, targets);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return balancer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private accept(client: Socket): void {
    this.sockets.add(client);
    client.on('error', () => undefined);
    client.on('close', () => this.sockets.delete(client));
    this.join(client, this.targets().length);
  }

  private join(client: Socket, tries: number): void {
    const targets = this.targets();
    const port = targets[this.turn++ % Math.max(1, targets.length)];
    if (tries === 0 || port === undefined || client.destroyed) return void client.destroy();
    const upstream = connect(port, '127.0.0.1');
    const refused = (): void => this.join(client, tries - 1);
    upstream.once('error', refused);
    upstream.once('connect', () => {
      upstream.off('error', refused);
      upstream.on('error', () => undefined);
      this.sockets.add(upstream);
      upstream.on('close', () => {
        this.sockets.delete(upstream);
        client.destroy();
      });
      client.on('close', () => upstream.destroy());
      client.pipe(upstream);
      upstream.pipe(client);
    });
  }
}
