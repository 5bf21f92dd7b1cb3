import type { INestApplicationContext } from '@nestjs/common';
import {
  type Clock,
  ConfigError,
  type InstrumentMaster,
  type Log,
  type Meter,
  readEnv,
  type VendorConnections,
} from '#domain';
import { type Carrier, Control, Pauses } from '#fetcher';
import {
  ClientDirectory,
  ControlChannel,
  ControlMemory,
  type Fleet,
  OutsideChannels,
  OutsideErrors,
  OutsideKeys,
  PublisherConfig,
  PublisherFeed,
  PUBLISHERS,
  PublisherTally,
} from '#fleet';
import { Hub } from '#subscription';

/** What programs outside may do through Redis: publish quotes and give orders. */
export interface Outside {
  readonly feed: PublisherFeed;
  /** Joins it to the server's parts. */
  wire(app: INestApplicationContext): OutsideDoors;
}

/** What listens and writes while the server runs. */
export interface OutsideDoors {
  start(): void;
  stop(): Promise<void>;
}

export function openOutside(
  env: Readonly<Record<string, string | undefined>>,
  keyPrefix: string,
  { redis, ownership }: Fleet,
  master: InstrumentMaster,
  clock: Clock,
  log: Log,
  meter: Meter,
): Outside {
  const config = readEnv(PublisherConfig, env);
  const keys = new OutsideKeys(keyPrefix);
  const channels = new OutsideChannels(redis, log);
  const errors = new OutsideErrors(channels, keys.errors, clock, meter);
  const tally = new PublisherTally(meter);
  const feed = new PublisherFeed(channels, keys.updates, master, errors, tally, config, clock);
  return {
    feed,
    wire(app) {
      const memory = new ControlMemory(redis, keys);
      const [control, pauses] = [app.get(Control), app.get(Pauses)];
      const { publisherMaxChars } = config;
      const orders = new ControlChannel(
        channels,
        keys,
        memory,
        control,
        pauses,
        ownership,
        errors,
        publisherMaxChars,
        clock,
        log,
      );
      const directory = new ClientDirectory(redis, keys, app.get(Hub), ownership.nodeId, clock);
      return {
        start() {
          orders.start();
          directory.start();
        },
        async stop() {
          await directory.stop();
          channels.stop();
        },
      };
    },
  };
}

/** Vendors that connections are made for by their own settings. */
export function ownVendors(names: readonly string[], hasRedis: boolean): string[] {
  if (names.includes(PUBLISHERS) && !hasRedis)
    throw new ConfigError([`VENDORS: "${PUBLISHERS}" is what programs publish in Redis; set REDIS_URL as well`]);
  return names.filter((name) => name !== PUBLISHERS);
}

/**
 * Every carrier in the order of preference. Publishers come where `VENDORS` names them, otherwise last.
 * @param vendors one for each name but the publishers'
 */
export function inOrder(
  names: readonly string[],
  vendors: readonly VendorConnections[],
  feed: PublisherFeed | undefined,
): Carrier[] {
  const carriers = vendors.map(({ feeds, sources }) => [...feeds, ...sources]);
  if (feed !== undefined)
    carriers.splice(names.includes(PUBLISHERS) ? names.indexOf(PUBLISHERS) : names.length, 0, [feed]);
  return carriers.flat();
}
