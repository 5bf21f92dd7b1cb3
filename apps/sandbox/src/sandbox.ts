import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, systemClock } from '#domain';
import { AdminRoutes } from './admin/admin.routes.js';
import { AlphaVantageSimulator } from './alphavantage/alphavantage.simulator.js';
import { BseSimulator } from './bse/bse.simulator.js';
import { type Fault, FaultSwitch, type Target } from './faults.js';
import { FyersSimulator } from './fyers/fyers.simulator.js';
import { JsonSimulator } from './json/json.simulator.js';
import { Market } from './market-model/market.js';
import { readReferences, referencesCsv, syntheticReferences } from './market-model/references.js';
import { seededRandom } from './market-model/seeded-random.js';
import { PolygonSimulator } from './polygon/polygon.simulator.js';
import type { SandboxEnv } from './sandbox.env.js';
import type { VendorSimulator } from './simulator.js';
import { TwelveDataSimulator } from './twelvedata/twelvedata.simulator.js';
import { UpstoxSimulator } from './upstox/upstox.simulator.js';

const BASE = 'http://sandbox';

/** A sandbox that is running. */
export interface Sandbox {
  readonly url: string;
  readonly port: number;
  readonly market: Market;
  /** What a server must be told to use this sandbox, as environment. */
  readonly settings: Readonly<Record<string, string>>;
  setFault(fault: Fault): void;
  clearFaults(target?: Target): void;
  /** Counts of one vendor since start. */
  stats(vendor: Target): Readonly<Record<string, number>>;
  close(): Promise<void>;
}

/** Starts the market and every vendor's protocol over it, on one port. */
export async function startSandbox(env: SandboxEnv, clock: Clock = systemClock): Promise<Sandbox> {
  const references = [...readReferences(await readFile(env.master, 'utf8')), ...syntheticReferences(env.synthetic)];
  const market = new Market(references, clock, env);
  // chance of its own, so that a fault does not change the market's day
  const faults = new FaultSwitch(seededRandom(env.seed + 1));
  const tools = { market, faults, clock };
  const simulators: readonly VendorSimulator[] = [
    new AlphaVantageSimulator(tools),
    new BseSimulator(tools),
    new FyersSimulator(tools),
    new JsonSimulator(tools),
    new PolygonSimulator(tools),
    new TwelveDataSimulator(tools),
    new UpstoxSimulator(tools),
  ];
  const admin = new AdminRoutes(market, faults, simulators);
  const master = referencesCsv(references);

  const urlOf = ({ url = '/' }: IncomingMessage): URL => new URL(URL.canParse(url, BASE) ? url : '/', BASE);
  const http = createServer((request, response) => {
    const url = urlOf(request);
    if (admin.request(request, url, response)) return;
    if (simulators.some((simulator) => simulator.request?.(request, url, response))) return;
    if (url.pathname === '/instruments.csv') response.writeHead(200, { 'Content-Type': 'text/csv' }).end(master);
    else if (url.pathname === '/healthz') response.writeHead(200).end('ok\n');
    else response.writeHead(404).end('This is the vendor sandbox; see /admin/stats\n');
  });
  http.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    const url = urlOf(request);
    if (!simulators.some((simulator) => simulator.upgrade?.(request, url, socket, head))) socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject);
    http.listen(env.port, env.host, resolve);
  });
  market.start();
  // prices are there before the first client
  market.step();

  const { port } = http.address() as AddressInfo;
  const url = `http://${env.host.includes(':') ? `[${env.host}]` : env.host}:${port}`;
  return {
    url,
    port,
    market,
    settings: Object.assign(
      { INSTRUMENTS: `${url}/instruments.csv` },
      ...simulators.map((simulator) => simulator.settings(url)),
    ) as Record<string, string>,
    setFault: (fault) => faults.set(fault),
    clearFaults: (target) => faults.clear(target),
    stats: (vendor) => simulators.find(({ id }) => id === vendor)?.stats() ?? {},
    close: async () => {
      market.stop();
      for (const simulator of simulators) simulator.close();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}
