import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { type Cancel, type Clock, ConfigError, type InstrumentMaster, type Log, readEnv } from '#domain';
import { createFleet, type Fleet, FleetConfig, type Tenure } from '#fleet';
import type { RedisConfig, RedisConnection } from '#redis';
import { programVersion } from './program-version.js';
import type { UpdateLife } from './update-wiring.js';
import { checkFreshness, type Parts } from './wiring.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** How often the owner looks whether its vendors have other instruments than before, ms. */
const CARRIED_EVERY_MS = 60_000;
/** Pause before Redis is asked again what others have spent, ms. */
const LEDGER_RETRY_MS = 500;
/** So often it is waited for; then only those vendors wait whose plans are not known. */
const LEDGER_TRIES = 3;
/** What is no longer wanted because of its age is told this often, ms. */
const DEMAND_EVERY_MS = 1000;
/** Wishes of one moment are told together, ms. */
const SOON_MS = 20;

/**
 * This process as a node of a fleet; undefined without Redis.
 * @throws ConfigError if the settings make no fleet
 */
export function joinFleet(
  env: Environment,
  { role, redisTimeoutMs }: RedisConfig,
  redis: RedisConnection | undefined,
  keyPrefix: string,
  clock: Clock,
  log: Log,
): Fleet | undefined {
  if (redis === undefined) {
    if (role === 'all') return undefined;
    throw new ConfigError([`ROLE: "${role}" shares the work with other nodes through Redis; set REDIS_URL as well`]);
  }
  const config = readEnv(FleetConfig, env);
  if (redisTimeoutMs > config.leaseMs / 2)
    throw new ConfigError(['REDIS_TIMEOUT_MS: it must be at most half of LEASE_MS, so that a lease can be renewed']);
  const nodeId = `${hostname()}-${randomBytes(4).toString('hex')}`;
  const options = { nodeId, role, version: programVersion(), config, keyPrefix, redisTimeoutMs };
  return createFleet(redis, options, clock, Math.random, log);
}

/** This process among the others. */
export interface FleetNodeLife {
  start(): void;
  /** Gives the ownership up, for somebody else to take at once. */
  yield(): Promise<void>;
  /** Wants nothing any more, and is gone. */
  leave(): Promise<void>;
}

/** Vendors are called only by the owner, for what all nodes want together. */
export function wireFleet(
  parts: Parts,
  fleet: Fleet,
  updates: UpdateLife,
  master: InstrumentMaster,
  clock: Clock,
  log: Log,
): FleetNodeLife {
  const { supervisor, demand, hub, job, conflator, lastValues } = parts;
  const { ownership, board, carried, self, ledger, health } = fleet;
  self.clients = () => hub.clients.size;
  health.ingests = () => supervisor.isActive;
  supervisor.onlyWhile(() => ownership.mayIngest);
  supervisor.ingest(false);

  const writeCarried = (): Promise<void> =>
    carried.write([...master.all()].filter((instrument) => supervisor.isCarried(instrument)).map(({ id }) => id));

  const isReconciled = async (tries: number): Promise<boolean> => {
    for (let attempt = 1; !(await ledger.reconcile()); attempt++) {
      if (attempt === tries) return false;
      await new Promise<void>((resolve) => void clock.after(LEDGER_RETRY_MS, resolve));
    }
    return true;
  };
  let reconciling: Cancel | undefined;
  const reconcileLater = (): void => {
    reconciling?.();
    reconciling = clock.after(LEDGER_RETRY_MS, async () => {
      if (ownership.tenure !== undefined && !(await ledger.reconcile())) reconcileLater();
    });
  };

  let taking: Promise<void> | undefined;
  const takeTurn = async (): Promise<void> => {
    const { tenure } = ownership;
    await (taking ??= prepareTurn(tenure).finally(() => (taking = undefined)));
    if (ownership.tenure !== tenure) await takeTurn();
  };
  const prepareTurn = async (tenure: Tenure | undefined): Promise<void> => {
    if (tenure === undefined || !ownership.mayIngest) return;
    // where our own tenure goes on nobody else has spent anything
    const tries = tenure.isNew && !supervisor.isActive ? LEDGER_TRIES : 1;
    if (!(await isReconciled(tries))) {
      log.warn({}, 'what other nodes have spent of some plans is not known; the vendors of these wait');
      reconcileLater();
    }
    await updates.begin(tenure);
    if (ownership.tenure !== tenure || !ownership.mayIngest) return;
    supervisor.ingest(true);
    // what moved while we were not sure
    for (const state of lastValues.known()) conflator.mark(state);
    job.run();
    await writeCarried();
  };

  ownership.onChange((tenure) => {
    carried.rewrite();
    if (tenure?.isNew === true) ledger.begin();
    if (tenure === undefined) {
      supervisor.ingest(false);
      updates.end();
    } else void takeTurn();
  });
  ownership.onState((state) => {
    self.tell();
    if (ownership.mayIngest) return void takeTurn();
    supervisor.ingest(false);
    if (state !== 'waiting') return;
    // nobody here confirms a price any more
    for (const known of lastValues.known()) known.doubt();
    checkFreshness(parts);
  });

  hub.offerOnly((instrument) =>
    ownership.tenure === undefined ? carried.has(instrument) : supervisor.isCarried(instrument),
  );
  demand.onChange(() => tellDemand.soon());
  board.onDemand(({ wanted, followed }) => {
    demand.want(wanted);
    updates.needTicks(followed);
    if (supervisor.isActive) job.run();
  });
  const tellDemand = repeating(clock, DEMAND_EVERY_MS, () => {
    const own = demand.own();
    board.announce(own, new Set(hub.channels.followed.keys()));
    updates.want(own);
  });
  const tellCarried = repeating(clock, CARRIED_EVERY_MS, () => {
    if (supervisor.isActive) void writeCarried();
  });

  return {
    start() {
      fleet.news.start();
      updates.start();
      board.start();
      tellDemand.soon();
      tellCarried.soon();
      ownership.start();
    },
    yield: () => ownership.stop(),
    async leave() {
      tellDemand.stop();
      tellCarried.stop();
      reconciling?.();
      updates.stop();
      await board.leave();
      fleet.news.stop();
    },
  };
}

/** A task that runs again and again, and within a moment when asked to. */
function repeating(clock: Clock, everyMs: number, task: () => void): { soon(): void; stop(): void } {
  let cancel: Cancel = () => undefined;
  let isSoon = false;
  const run = (): void => {
    isSoon = false;
    task();
    cancel = clock.after(everyMs, run);
  };
  return {
    soon() {
      if (isSoon) return;
      isSoon = true;
      cancel();
      cancel = clock.after(SOON_MS, run);
    },
    stop: () => cancel(),
  };
}
