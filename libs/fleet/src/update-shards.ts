import type { InstrumentId } from '#domain';

const FNV_START = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** Names of what one shard of the instruments has in Redis. All carry one hash tag, so that they live in one slot of a Cluster. */
export interface ShardKeys {
  /** Highest term that has published. */
  readonly fence: string;
  /** Stream of the last minutes' batches. */
  readonly log: string;
  /** Hash of each instrument's last record. */
  readonly last: string;
  readonly channel: string;
}

/** The division of the instruments, the same on every node that has the same number of shards. */
export class UpdateShards {
  readonly keys: readonly ShardKeys[];
  /** Channel of the owner's signs of life. */
  readonly ownerChannel: string;
  private readonly known = new Map<InstrumentId, number>();

  constructor(prefix: string, count: number) {
    this.ownerChannel = `${prefix}tickwire:owner`;
    this.keys = Array.from({ length: count }, (_, shard) => {
      const tag = `{tw${shard}}`;
      return {
        fence: `${prefix}${tag}:fence`,
        log: `${prefix}${tag}:log`,
        last: `${prefix}${tag}:last`,
        channel: `${prefix}market-data:updates:${tag}`,
      };
    });
  }

  get count(): number {
    return this.keys.length;
  }

  of(id: InstrumentId): number {
    const known = this.known.get(id);
    if (known !== undefined) return known;
    const shard = shardOf(id, this.count);
    this.known.set(id, shard);
    return shard;
  }

  /** Instruments by their shard. */
  divide(ids: Iterable<InstrumentId>): Map<number, InstrumentId[]> {
    const parts = new Map<number, InstrumentId[]>();
    for (const id of ids) {
      const shard = this.of(id);
      const part = parts.get(shard);
      if (part === undefined) parts.set(shard, [id]);
      else part.push(id);
    }
    return parts;
  }
}

/** FNV-1a of the id: the same in every version, since nodes of two versions share a Redis while they are replaced. */
export function shardOf(id: InstrumentId, count: number): number {
  let hash = FNV_START;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), FNV_PRIME);
  return (hash >>> 0) % count;
}
