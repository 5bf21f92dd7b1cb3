import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { silentLog, systemClock } from '#domain';
import type { RedisConnection } from '#redis';
import type { WithoutRedis } from './fleet.config.js';
import type { Hold, Lease } from './lease.js';
import { Ownership } from './ownership.js';

const LEASE_MS = 600;
const running: Ownership[] = [];
afterEach(async () => {
  for (const ownership of running.splice(0)) await ownership.stop();
});

/** Redis as far as a lease needs it, with answers that can be lost. */
function aLease(): {
  lease: Lease;
  given: number[];
  holder: string;
  lastHolder: string;
  losesTerm: boolean;
  isAway: boolean;
} {
  const world = {
    given: [] as number[],
    holder: '',
    lastHolder: 'x',
    losesTerm: false,
    isAway: false,
    lease: {
      ms: LEASE_MS,
      hold: async (mayTake: boolean): Promise<Hold> => {
        if (world.isAway) throw new Error('timeout');
        const isFresh = world.holder === '' && mayTake;
        if (isFresh) world.holder = 'x';
        return { holder: world.holder, isFresh, hasRival: false };
      },
      nextTerm: async (least: number) => {
        const term = Math.max(least, (world.given.at(-1) ?? 0) + 1);
        const before = world.lastHolder;
        world.given.push(term);
        world.lastHolder = 'x';
        if (!world.losesTerm) return { term, before };
        world.losesTerm = false;
        throw new Error('timeout');
      },
      release: async () => undefined,
    } as unknown as Lease,
  };
  return world;
}

interface Connection {
  isUp: boolean;
  isRefused: boolean;
  onChange: RedisConnection['onChange'];
}

function anOwnership(
  lease: Lease,
  { withoutRedis = 'serve', isUp = true }: { withoutRedis?: WithoutRedis; isUp?: boolean } = {},
): { ownership: Ownership; redis: Connection; comesBack(): void } {
  let listener: (isUp: boolean) => void = () => undefined;
  const redis: Connection = {
    isUp,
    isRefused: false,
    onChange(given) {
      listener = given;
      given(redis.isUp);
    },
  };
  const options = { nodeId: 'x', mayOwn: true, redisTimeoutMs: 100, withoutRedis };
  const ownership = new Ownership(lease, redis as RedisConnection, options, systemClock, Math.random, silentLog);
  running.push(ownership);
  ownership.start();
  return { ownership, redis, comesBack: () => listener((redis.isUp = true)) };
}

describe('An owner', () => {
  it('begins a term and an epoch when the answer is lost that told of another owner between', async () => {
    const world = aLease();
    const { ownership } = anOwnership(world.lease);
    await vi.waitFor(() => expect(ownership.tenure?.term).toBe(1), 10_000);
    const epoch = ownership.tenure?.epoch;
    // another has had terms up to 8, and is gone
    world.given.push(8);
    Object.assign(world, { holder: '', lastHolder: 'other', losesTerm: true });
    await vi.waitFor(() => expect(ownership.tenure?.term).toBe(10), 10_000);
    expect(ownership.tenure).toMatchObject({ isNew: true });
    expect(ownership.tenure?.epoch).not.toBe(epoch);
  });
});

describe('An owner that has lost Redis', () => {
  it('goes on where connections are refused, stops when they are not any more, and then waits for an answer', async () => {
    const world = aLease();
    const { ownership, redis } = anOwnership(world.lease, { withoutRedis: 'auto' });
    await vi.waitFor(() => expect(ownership.state).toBe('owner'), 10_000);
    const states: string[] = [];
    ownership.onState((state) => states.push(state));
    redis.isRefused = true;
    world.isAway = true;
    const is = async (state: string): Promise<void> =>
      await vi.waitFor(() => expect(states.at(-1)).toBe(state), { timeout: 10_000, interval: 5 });
    await is('alone');
    redis.isRefused = false;
    await is('waiting');
    redis.isRefused = true;
    await sleep(LEASE_MS);
    expect(states.at(-1)).toBe('waiting');
    world.isAway = false;
    await is('owner');
  });
});

describe('A standby', () => {
  it('that found Redis away leaves it at first to whoever has gone on without it', async () => {
    const world = aLease();
    world.isAway = true;
    const { ownership, comesBack } = anOwnership(world.lease, { isUp: false });
    await sleep(LEASE_MS / 4);
    world.isAway = false;
    comesBack();
    await sleep(LEASE_MS / 4);
    expect(world.holder).toBe('');
    await vi.waitFor(() => expect(ownership.state).toBe('owner'), 10_000);
  });

  it('takes a free lease though its own connection comes and goes', async () => {
    const world = aLease();
    world.holder = 'other';
    const { ownership, comesBack } = anOwnership(world.lease);
    await sleep(systemClock.elapsed() < LEASE_MS ? LEASE_MS : 0);
    world.holder = '';
    const flapping = setInterval(comesBack, LEASE_MS / 8);
    comesBack();
    await vi.waitFor(() => expect(ownership.state).toBe('owner'), { timeout: 10_000, interval: 10 });
    clearInterval(flapping);
  });
});
