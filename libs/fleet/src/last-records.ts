import type { InstrumentId } from '#domain';
import type { RedisConnection } from '#redis';
import { ByteReader } from './byte-reader.js';
import { readStamp, RecordReader, type Stamp, type UpdateRecord, UPDATES } from './update-codec.js';
import type { ShardKeys, UpdateShards } from './update-shards.js';

/** Instruments of one command. */
const MOST_AT_ONCE = 500;

/** A record is valid until the function returns. */
export type TakeRecord = (record: UpdateRecord, stamp: Stamp) => void;

/** Each instrument's last record, as Redis keeps it. What cannot be read is passed over. Methods reject when Redis does not answer. */
export class LastRecords {
  private readonly reader = new RecordReader();

  constructor(
    private readonly redis: RedisConnection,
    private readonly shards: UpdateShards,
  ) {}

  /**
   * @param ids of one shard
   * @param taken called after each part, before others are waited for
   */
  async read(shard: number, ids: readonly InstrumentId[], take: TakeRecord, taken: () => void): Promise<void> {
    const { last } = this.shards.keys[shard] as ShardKeys;
    for (let at = 0; at < ids.length; at += MOST_AT_ONCE) {
      const found = await this.redis.commands.hmgetBuffer(last, ...ids.slice(at, at + MOST_AT_ONCE));
      for (const bytes of found) if (bytes !== null) this.take(bytes, take);
      taken();
    }
  }

  /** Of all instruments of a shard. */
  async readAll(shard: number, take: TakeRecord): Promise<void> {
    const { last } = this.shards.keys[shard] as ShardKeys;
    const found = await this.redis.commands.hgetallBuffer(last);
    for (const bytes of Object.values(found)) this.take(bytes, take);
  }

  /** @param ids of one shard */
  async forget(shard: number, ids: readonly InstrumentId[]): Promise<void> {
    const { last } = this.shards.keys[shard] as ShardKeys;
    for (let at = 0; at < ids.length; at += MOST_AT_ONCE)
      await this.redis.commands.hdel(last, ...ids.slice(at, at + MOST_AT_ONCE));
  }

  private take(bytes: Buffer, take: TakeRecord): void {
    try {
      const reader = new ByteReader(bytes);
      const stamp = readStamp(reader);
      if (stamp.kind !== UPDATES) return;
      this.reader.read(
        reader,
        () => true,
        (record) => take(record, stamp),
      );
    } catch {
      // of a version to come, or of somebody else: the owner's next record replaces it
    }
  }
}
