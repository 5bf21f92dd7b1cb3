import type { Clock, Log, Random, VendorTurn } from '#domain';
import type { RedisConnection } from '#redis';
import { CarriedList } from './carried-list.js';
import { CreditLedger } from './credit-ledger.js';
import { DemandBoard } from './demand-board.js';
import { DemandReader } from './demand-reader.js';
import { DemandWriter } from './demand-writer.js';
import type { FleetConfig } from './fleet.config.js';
import { FleetHealth } from './fleet-health.js';
import { FleetKeys } from './fleet-keys.js';
import { Lease } from './lease.js';
import { NodeList } from './node-list.js';
import { NodeNewsChannel } from './node-news.js';
import { Ownership } from './ownership.js';
import { type SelfFacts, SelfReport } from './self-report.js';

export interface FleetOptions extends SelfFacts {
  readonly config: FleetConfig;
  /** Of all keys and channels. */
  readonly keyPrefix: string;
  /** How long Redis takes at most to answer a command, ms. */
  readonly redisTimeoutMs: number;
}

/** What makes this process a node of a fleet. */
export interface Fleet {
  readonly redis: RedisConnection;
  readonly config: FleetConfig;
  readonly keys: FleetKeys;
  readonly ownership: Ownership;
  readonly nodes: NodeList;
  readonly news: NodeNewsChannel;
  readonly self: SelfReport;
  readonly board: DemandBoard;
  readonly writer: DemandWriter;
  readonly carried: CarriedList;
  readonly ledger: CreditLedger;
  readonly health: FleetHealth;
  readonly turn: VendorTurn;
}

/** Joins the parts; nothing runs before they are started. */
export function createFleet(
  redis: RedisConnection,
  options: FleetOptions,
  clock: Clock,
  random: Random,
  log: Log,
): Fleet {
  const { nodeId, role, config, redisTimeoutMs } = options;
  const keys = new FleetKeys(options.keyPrefix);
  const lease = new Lease(redis, keys, nodeId, config.leaseMs);
  const mayOwn = role !== 'edge';
  const { withoutRedis } = config;
  const rights = { nodeId, mayOwn, redisTimeoutMs, withoutRedis };
  const ownership = new Ownership(lease, redis, rights, clock, random, log);
  const nodes = new NodeList(clock);
  const news = new NodeNewsChannel(redis, keys.news, log);
  const writer = new DemandWriter(redis, keys, nodeId);
  const reader = new DemandReader(redis, keys, nodes, log);
  const self = new SelfReport(options, ownership, writer, redis, keys, clock);
  const board = new DemandBoard(writer, reader, self, clock, log);
  const carried = new CarriedList(redis, keys, self, log);
  const ledger = new CreditLedger(redis, keys, log);
  news.onNews((heard) => {
    nodes.heard(heard);
    reader.heard(heard);
    carried.heard(heard);
    if (heard.kind === 'free') ownership.freed();
    // who hears of a later term has missed that it began
    if (heard.kind === 'beat' && heard.node !== nodeId && heard.term !== undefined) ownership.steppedOver(heard.term);
  });
  const turn: VendorTurn = {
    mayCall: (vendor) => ownership.mayIngest && ledger.knows(vendor),
    onTurn: (listener) => ownership.onChange((tenure) => tenure?.isNew === true && listener()),
    share: (account) => ledger.share(account),
  };
  const health = new FleetHealth(ownership, nodes);
  return { redis, config, keys, ownership, nodes, news, self, board, writer, carried, ledger, health, turn };
}
