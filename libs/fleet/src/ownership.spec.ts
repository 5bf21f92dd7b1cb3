import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { silentLog, systemClock } from '#domain';
import type { RedisConnection } from '#redis';
import type { Hold, Lease } from './lease.js';
import { Ownership } from './ownership.js';

const LEASE_MS = 600;
const running: Ownership[] = [];
afterEach(async () => {
  for (const ownership of running.splice(0)) await ownership.stop();
});

/** Redis as far as a lease needs it, with answers that can be lost. */
function aLease(): { lease: Lease; given: number[]; holder: string; lastHolder: string; losesTerm: boolean } {
  const world = {
    given: [] as number[],
    holder: '',
    lastHolder: 'x',
    losesTerm: false,
    lease: {
      ms: LEASE_MS,
      hold: async (): Promise<Hold> => {
        const isFresh = world.holder === '';
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

function anOwnership(lease: Lease): { ownership: Ownership; comesBack(): void } {
  let listener: (isUp: boolean) => void = () => undefined;
  const redis = {
    onChange(given: typeof listener) {
      listener = given;
      given(true);
    },
  } as RedisConnection;
  const options = { nodeId: 'x', mayOwn: true, redisTimeoutMs: 100, withoutRedis: 'serve' as const };
  const ownership = new Ownership(lease, redis, options, systemClock, Math.random, silentLog);
  running.push(ownership);
  ownership.start();
  return { ownership, comesBack: () => listener(true) };
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

describe('A standby', () => {
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
