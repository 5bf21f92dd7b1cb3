import type { RedisConnection } from '#redis';
import type { FleetKeys } from './fleet-keys.js';

/**
 * Takes a free lease if it may, prolongs our own, and leaves another's alone, but for a note that we wait for it, which a full Redis may
 * refuse. Answers the holder, 1 if the lease was free, and to the holder who has waited for it lately.
 * KEYS lease, rival. ARGV node, ms, 1 if it may take a free one
 */
const HOLD = `
local holder = redis.call('GET', KEYS[1])
if holder ~= ARGV[1] and (holder or ARGV[3] ~= '1') then
  local noted = redis.pcall('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
  if noted.err and not string.find(noted.err, 'OOM', 1, true) then return noted end
  return {holder or '', 0, ''}
end
if holder then redis.call('PEXPIRE', KEYS[1], ARGV[2]) else redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
return {ARGV[1], holder and 0 or 1, redis.call('GET', KEYS[2]) or ''}`;

/** Begins the next term. At least the seconds since ARGV[3], so that a Redis that came back empty gives out no term twice. */
const NEXT_TERM = `
local term = tonumber(redis.call('HGET', KEYS[1], 'term') or 0)
local holder = redis.call('HGET', KEYS[1], 'holder') or ''
local least = tonumber(redis.call('TIME')[1]) - tonumber(ARGV[3])
term = math.max(term + 1, tonumber(ARGV[2]), least)
redis.call('HSET', KEYS[1], 'term', string.format('%d', term), 'holder', ARGV[1])
return {term, holder}`;

const RELEASE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', ARGV[2], ARGV[3])
return 1`;

/** 2020-01-01, in Unix seconds: keeps terms below 2^31. */
const FIRST_TERM_AT = 1_577_836_800;

export interface Hold {
  /** '' for nobody. */
  readonly holder: string;
  /** It had been nobody's, so the term before is over. */
  readonly isFresh: boolean;
  /** Another node waits for it, if it is ours. */
  readonly hasRival: boolean;
}

/** The right to talk to vendors, as Redis keeps it. Every method rejects when Redis does not answer. */
export class Lease {
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: FleetKeys,
    private readonly nodeId: string,
    readonly ms: number,
  ) {}

  /**
   * Takes it if it is free, prolongs it if it is ours.
   * @param mayTake false to say only that we wait for it
   */
  async hold(mayTake: boolean): Promise<Hold> {
    const { lease, rival } = this.keys;
    const answer = await this.redis.commands.eval(HOLD, 2, lease, rival, this.nodeId, this.ms, mayTake ? 1 : 0);
    const [holder, isFresh, waiting] = answer as [string, number, string];
    return { holder, isFresh: isFresh === 1, hasRival: waiting !== '' && waiting !== this.nodeId };
  }

  /**
   * Begins a term of ours.
   * @param least lower terms are known to have been given out
   * @returns the term, and who had the one before; '' when Redis does not know
   */
  async nextTerm(least: number): Promise<{ term: number; before: string }> {
    const { term: key } = this.keys;
    const answer = await this.redis.commands.eval(NEXT_TERM, 1, key, this.nodeId, least, FIRST_TERM_AT);
    const [term, before] = answer as [number, string];
    return { term, before };
  }

  /** Gives it up if it is ours, and tells the others. */
  async release(): Promise<void> {
    const news = JSON.stringify({ kind: 'free', node: this.nodeId });
    await this.redis.commands.eval(RELEASE, 1, this.keys.lease, this.nodeId, this.keys.news, news);
  }
}
