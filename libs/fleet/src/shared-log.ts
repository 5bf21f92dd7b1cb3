import { type Change, SingleFlight } from '#cache';
import type { InstrumentId } from '#domain';
import type { RedisConnection } from '#redis';
import { ByteReader } from './byte-reader.js';
import { readStamp, RecordReader, UPDATES } from './update-codec.js';
import type { ShardKeys, UpdateShards } from './update-shards.js';

const BATCHES_OF_PAGE = 64;
/** Past so many a snapshot serves everybody better. */
const MAX_PAGES = 16;

interface Entry {
  readonly id: string;
  readonly batch: Buffer;
}

/** The changes of the last minutes as Redis keeps them for all nodes. */
export class SharedLog {
  /** Clients that come from a node that has failed ask at one moment, and mostly for the same. */
  private readonly pages = new SingleFlight<string, Entry[]>();
  private readonly reader = new RecordReader();

  constructor(
    private readonly redis: RedisConnection,
    private readonly shards: UpdateShards,
  ) {}

  /**
   * The changes of some instruments after the given sequences, oldest first and without a hole. An instrument whose changes are not all
   * there any more is left out. Rejects when Redis does not answer.
   */
  async since(
    epoch: string,
    positions: ReadonlyMap<InstrumentId, number>,
  ): Promise<ReadonlyMap<InstrumentId, readonly Change[]>> {
    const parts = [...this.shards.divide(positions.keys())];
    const found = await Promise.all(
      parts.map(([shard, ids]) =>
        this.shardSince(shard, epoch, new Map(ids.map((id) => [id, positions.get(id) ?? 0]))),
      ),
    );
    return new Map(found.flatMap((changes) => [...changes]));
  }

  private async shardSince(
    shard: number,
    epoch: string,
    positions: ReadonlyMap<InstrumentId, number>,
  ): Promise<Map<InstrumentId, Change[]>> {
    const found = new Map<InstrumentId, Map<number, Change>>();
    const open = new Set(positions.keys());
    let end = '+';
    for (let page = 0; page < MAX_PAGES && open.size > 0; page++) {
      const entries = await this.page(shard, end);
      for (const { batch } of entries) this.collect(batch, epoch, positions, open, found);
      const last = entries.at(-1);
      if (last === undefined || entries.length < BATCHES_OF_PAGE) break;
      end = `(${last.id}`;
    }
    return new Map(
      [...found].flatMap(([id, changes]) => whole(changes, positions.get(id) ?? 0).map((all) => [id, all])),
    );
  }

  /** Batches before `end`, newest first. */
  private page(shard: number, end: string): Promise<Entry[]> {
    const { log } = this.shards.keys[shard] as ShardKeys;
    return this.pages.run(`${shard} ${end}`, async () => {
      const rows = await this.redis.commands.xrevrangeBuffer(log, end, '-', 'COUNT', BATCHES_OF_PAGE);
      return rows.map(([id, [, batch = Buffer.alloc(0)]]) => ({ id: id.toString(), batch }));
    });
  }

  private collect(
    batch: Buffer,
    epoch: string,
    positions: ReadonlyMap<InstrumentId, number>,
    open: Set<InstrumentId>,
    found: Map<InstrumentId, Map<number, Change>>,
  ): void {
    try {
      const bytes = new ByteReader(batch);
      const stamp = readStamp(bytes);
      if (stamp.kind !== UPDATES || stamp.epoch !== epoch) return;
      const isOpen = (id: InstrumentId): boolean => open.has(id);
      this.reader.read(bytes, isOpen, ({ id, sequence, changed, source, values }) => {
        const position = positions.get(id) as number;
        if (sequence <= position + 1) open.delete(id);
        if (sequence <= position) return;
        const changes = found.get(id) ?? new Map<number, Change>();
        found.set(id, changes);
        // a change may be there twice: what Redis did not confirm is sent again
        changes.set(sequence, { sequence, changed, source, values: values.slice() });
      });
    } catch {
      // of a version to come: it makes a hole, and the client gets a snapshot
    }
  }
}

/** All changes in order, once; none if one of them is missing. */
function whole(changes: ReadonlyMap<number, Change>, position: number): Change[][] {
  const all = [...changes.values()].toSorted((a, b) => a.sequence - b.sequence);
  return all.every(({ sequence }, i) => sequence === position + 1 + i) ? [all] : [];
}
