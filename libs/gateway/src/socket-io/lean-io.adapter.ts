import type { INestApplicationContext } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import type { Server, ServerOptions } from 'socket.io';

/** Nest's Socket.IO adapter with our options. Messages do not go through Nest: `QuotesGateway` listens to its sockets itself. */
export class LeanIoAdapter extends IoAdapter {
  constructor(
    app: INestApplicationContext,
    private readonly options: Partial<ServerOptions>,
  ) {
    super(app);
  }

  override createIOServer(port: number, options?: ServerOptions): Server {
    return super.createIOServer(port, { ...options, ...this.options } as ServerOptions);
  }

  // what Nest keeps for each connection to read its messages by is 5 KiB
  override bindMessageHandlers(): void {}
}
