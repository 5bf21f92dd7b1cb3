import { LastValueStore } from '#cache';
import type { Quote } from '#domain';
import { Hub } from '#subscription';
import type { Sandbox } from '../../apps/sandbox/src/sandbox.js';
import { type RunningServer, startServer } from '../../apps/server/src/server.js';
import { aSandbox } from './vendor-sandbox.js';

/** The whole product on loopback: sandbox and server on free ports. */
export interface Product {
  readonly sandbox: Sandbox;
  readonly server: RunningServer;
  readonly url: string;
  readonly wsUrl: string;
  readonly hub: Hub;
  /** The server's own view of a quote. */
  quote(symbol: string): Quote | undefined;
  /** Published changes of a symbol so far. */
  sequence(symbol: string): number;
  get(path: string): Promise<{ status: number; headers: Headers; body: Record<string, unknown> }>;
  stop(): Promise<void>;
}

export async function aProduct(
  env: Record<string, string> = {},
  sandboxEnv: Record<string, string> = {},
  /** How the server reaches the sandbox, where it is not directly. */
  reach: (sandbox: Sandbox) => Promise<Readonly<Record<string, string>>> = ({ settings }) => Promise.resolve(settings),
): Promise<Product> {
  const sandbox = await aSandbox(sandboxEnv);
  const server = await startServer({
    PORT: '0',
    HOST: '127.0.0.1',
    LOG_LEVEL: 'error',
    HISTORY: 'off',
    ...(await reach(sandbox)),
    BSE_REQUESTS_PER_SECOND: '100',
    MARKET_HOURS: 'always',
    DRAIN_GRACE_MS: '50',
    // client and server share a process here: when it is held up, its clients are not slow and it is not ill
    SLOW_AFTER_MS: '20000',
    MAX_EVENT_LOOP_LAG_MS: '20000',
    MAX_RSS_BYTES: '4294967296',
    ...env,
  }).catch(async (error: unknown) => {
    await sandbox.close();
    throw error;
  });
  const lastValues = server.app.get(LastValueStore);
  return {
    sandbox,
    server,
    url: server.url,
    wsUrl: `${server.url.replace('http', 'ws')}/ws`,
    hub: server.app.get(Hub),
    quote: (symbol) => lastValues.peek(symbol)?.quote(),
    sequence: (symbol) => lastValues.peek(symbol)?.sequence ?? 0,
    async get(path) {
      const response = await fetch(server.url + path);
      const text = await response.text();
      const body = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : { text };
      return { status: response.status, headers: response.headers, body };
    },
    async stop() {
      await server.stop();
      await sandbox.close();
    },
  };
}
