import type { RedisClient, RedisConnection } from '#redis';
import type { ShardKeys } from './update-shards.js';

/**
 * Publishes one shard's records, unless a later term has: raises the fence, keeps the batch for those that return, each record as the
 * instrument's last, and sends the batch. Answers 0, or the later term.
 * KEYS fence, log, last, channel. ARGV term, stamp, records, ms to keep, PUBLISH or SPUBLISH
 */
const PUBLISH = `
local term = tonumber(ARGV[1])
local fence = tonumber(redis.call('GET', KEYS[1]) or 0)
if fence > term then return fence end
if fence < term then redis.call('SET', KEYS[1], ARGV[1]) end
local stamp, records = ARGV[2], ARGV[3]
local batch = stamp .. records
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
redis.call('XADD', KEYS[2], 'MINID', '~', string.format('%d', now - tonumber(ARGV[4])), '*', 'b', batch)
redis.call('PEXPIRE', KEYS[2], ARGV[4])
local at, pairs = 1, {}
while at < #records do
  local low, high, idLength = string.byte(records, at, at + 2)
  local stop = at + 1 + low + high * 256
  pairs[#pairs + 1] = string.sub(records, at + 3, at + 2 + idLength)
  pairs[#pairs + 1] = stamp .. string.sub(records, at, stop)
  at = stop + 1
  if at > #records or #pairs == 1000 then
    redis.call('HSET', KEYS[3], unpack(pairs))
    pairs = {}
  end
end
redis.call(ARGV[5], KEYS[4], batch)
return 0`;

/** Refuses all terms before this one from now on. Answers 0, or the later term that has been here. */
const FENCE = `
local fence = tonumber(redis.call('GET', KEYS[1]) or 0)
if fence > tonumber(ARGV[1]) then return fence end
redis.call('SET', KEYS[1], ARGV[1])
return 0`;

interface Scripts {
  twPublish(
    fence: string,
    log: string,
    last: string,
    channel: string,
    term: number,
    stamp: Buffer,
    records: Buffer,
    keepMs: number,
    publish: string,
  ): Promise<number>;
  twFence(fence: string, term: number): Promise<number>;
}

/** What a node may write of updates; Redis does each as one step. Every method rejects when Redis does not answer. */
export class PublishScripts {
  private readonly commands: RedisClient & Scripts;

  constructor(redis: RedisConnection) {
    redis.commands.defineCommand('twPublish', { numberOfKeys: 4, lua: PUBLISH });
    redis.commands.defineCommand('twFence', { numberOfKeys: 1, lua: FENCE });
    this.commands = redis.commands as RedisClient & Scripts;
  }

  /** @returns 0, or the later term under which the shard is published now */
  publish(
    { fence, log, last, channel }: ShardKeys,
    term: number,
    stamp: Buffer,
    records: Buffer,
    keepMs: number,
    isSharded: boolean,
  ): Promise<number> {
    const publish = isSharded ? 'SPUBLISH' : 'PUBLISH';
    return this.commands.twPublish(fence, log, last, channel, term, stamp, records, keepMs, publish);
  }

  /** @returns 0, or the later term under which the shard is published now */
  fence({ fence }: ShardKeys, term: number): Promise<number> {
    return this.commands.twFence(fence, term);
  }
}

/** Whether Redis has channels that live in one shard of a Cluster, as version 7 does. Rejects when it does not answer. */
export async function hasShardedChannels(commands: RedisClient): Promise<boolean> {
  const [, major = '0'] = /redis_version:(\d+)/.exec(await commands.info('server')) ?? [];
  return Number(major) >= 7;
}
