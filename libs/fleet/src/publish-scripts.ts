import type { RedisClient, RedisConnection } from '#redis';
import type { ShardKeys, UpdateShards } from './update-shards.js';

/**
 * Publishes records of shards that share one Redis, unless a later term has published any of them: raises their fences, keeps each shard's
 * batch for those that return, each record as the instrument's last, and sends the batch. Answers 0 or the later term, then which shards have
 * failed, counted from 1; where all have, the first error.
 * KEYS of each shard: fence, log, last, channel. ARGV term, stamp, ms to keep, then records of each shard
 */
const PUBLISH = `
local term, stamp, keep = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local time = redis.call('TIME')
local oldest = string.format('%d', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) - tonumber(keep))
local later, failed, failure = 0, {}, nil
local function fence(key)
  local found = tonumber(redis.call('GET', key) or 0)
  if found > term then later = math.max(later, found) end
  if found < term then redis.call('SET', key, ARGV[1]) end
end
local function send(log, last, channel, records)
  local batch = stamp .. records
  redis.call('XADD', log, 'MINID', '~', oldest, '*', 'b', batch)
  redis.call('PEXPIRE', log, keep)
  local at, count, pairs = 1, 0, {}
  while at < #records do
    local low, high, idLength = string.byte(records, at, at + 2)
    local stop = at + 1 + low + high * 256
    pairs[count + 1] = string.sub(records, at + 3, at + 2 + idLength)
    pairs[count + 2] = stamp .. string.sub(records, at, stop)
    count = count + 2
    at = stop + 1
  end
  redis.call('HSET', last, unpack(pairs))
  redis.call('SPUBLISH', channel, batch)
end
local shards = #KEYS / 4
for shard = 1, shards do
  local isDone, why = pcall(fence, KEYS[shard * 4 - 3])
  if not isDone then
    failed[shard] = true
    failure = failure or why
  end
end
if later > 0 then return {later} end
local answer = {0}
for shard = 1, shards do
  local isDone, why = not failed[shard], failure
  if isDone then isDone, why = pcall(send, KEYS[shard * 4 - 2], KEYS[shard * 4 - 1], KEYS[shard * 4], ARGV[shard + 3]) end
  if not isDone then
    failure = failure or why
    answer[#answer + 1] = shard
  end
end
if #answer > shards then return redis.error_reply(type(failure) == 'table' and failure.err or failure) end
return answer`;

/** Refuses all terms before this one from now on. Answers 0, or the later term that has been here. */
const FENCE = `
local fence = tonumber(redis.call('GET', KEYS[1]) or 0)
if fence > tonumber(ARGV[1]) then return fence end
redis.call('SET', KEYS[1], ARGV[1])
return 0`;

interface Scripts {
  twPublish(keyCount: number, ...keysAndArguments: (string | number | Buffer)[]): Promise<number[]>;
  twFence(fence: string, term: number): Promise<number>;
}

/** Records of one shard, one after the other. */
export interface ShardRecords {
  readonly shard: number;
  readonly records: Buffer;
}

/** What has become of what was published. */
export interface Published {
  /** The later term under which a shard is published now: then nothing was taken. 0 while there is none. */
  readonly laterTerm: number;
  /** Shards that have not taken their records. */
  readonly refused: ReadonlySet<number>;
}

/** What a node may write of updates; Redis does each as one step. Every method rejects when Redis does not answer. */
export class PublishScripts {
  private readonly commands: RedisClient & Scripts;

  constructor(redis: RedisConnection) {
    redis.commands.defineCommand('twPublish', { lua: PUBLISH });
    redis.commands.defineCommand('twFence', { numberOfKeys: 1, lua: FENCE });
    this.commands = redis.commands as RedisClient & Scripts;
  }

  /** @param parts of shards that live in one slot, or in a Redis without slots; at most 3,500 records each */
  async publish(
    shards: UpdateShards,
    parts: readonly ShardRecords[],
    term: number,
    stamp: Buffer,
    keepMs: number,
  ): Promise<Published> {
    const keys: string[] = [];
    const records: Buffer[] = [];
    for (const part of parts) {
      const { fence, log, last, channel } = shards.keys[part.shard] as ShardKeys;
      keys.push(fence, log, last, channel);
      records.push(part.records);
    }
    const answer = await this.commands.twPublish(keys.length, ...keys, term, stamp, keepMs, ...records);
    const [laterTerm = 0, ...refused] = answer;
    return { laterTerm, refused: new Set(refused.map((place) => (parts[place - 1] as ShardRecords).shard)) };
  }

  /** @returns 0, or the later term under which the shard is published now */
  fence({ fence }: ShardKeys, term: number): Promise<number> {
    return this.commands.twFence(fence, term);
  }
}
