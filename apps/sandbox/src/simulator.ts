import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '#domain';
import type { FaultSwitch } from './faults.js';
import type { Market } from './market-model/market.js';

/** What a vendor's simulator works with. */
export interface SimulatorTools {
  readonly market: Market;
  readonly faults: FaultSwitch;
  readonly clock: Clock;
}

/** One vendor's wire protocol over the one market. A new vendor is a folder with one of these, a line in `sandbox.ts`, and its id in `TARGETS`. */
export interface VendorSimulator {
  readonly id: string;
  /** Answers a request that is this vendor's. False when it is not. */
  request?(request: IncomingMessage, url: URL, response: ServerResponse): boolean;
  /** Takes an upgrade that is this vendor's. False when it is not. */
  upgrade?(request: IncomingMessage, url: URL, socket: Duplex, head: Buffer): boolean;
  /** What a server must be told to use this simulator, as environment. @param url the sandbox's, without a slash at the end */
  settings(url: string): Readonly<Record<string, string>>;
  /** Counts since start, by name. */
  stats(): Readonly<Record<string, number>>;
  close(): void;
}
