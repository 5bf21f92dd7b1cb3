import type { Instrument, InstrumentId, Log } from '#domain';
import type { RedisConnection } from '#redis';
import type { FleetKeys } from './fleet-keys.js';
import type { NodeNews } from './messages.js';
import type { SelfReport } from './self-report.js';

/** The instruments that the owner can carry: other nodes offer the same to their clients. */
export class CarriedList {
  private ids: ReadonlySet<InstrumentId> | undefined;
  private written: string | undefined;
  /** Term and version of what was read last. */
  private readAs = '';
  private isReading = false;

  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: FleetKeys,
    private readonly self: SelfReport,
    private readonly log: Log,
  ) {}

  /** Whether the owner can carry it. Everything counts as carried until an owner has said what it has. */
  has({ id }: Instrument): boolean {
    return this.ids?.has(id) ?? true;
  }

  /** The owner says what it has; only a change is written. */
  async write(ids: Iterable<InstrumentId>): Promise<void> {
    const text = [...ids].join('\n');
    if (text === this.written) return;
    try {
      await this.redis.commands.set(this.keys.carried, text);
      this.written = text;
      this.self.carried++;
    } catch (error) {
      this.log.debug({ error: String(error) }, 'what vendors have was not written');
    }
  }

  /** Another tenure begins: what Redis has may be another node's. */
  rewrite(): void {
    this.written = undefined;
  }

  heard(news: NodeNews): void {
    if (news.kind !== 'beat' || news.term === undefined || (news.carried ?? 0) === 0) return;
    const version = `${news.term} ${news.carried}`;
    if (version !== this.readAs) void this.read(version);
  }

  private async read(version: string): Promise<void> {
    if (this.isReading) return;
    this.isReading = true;
    try {
      const text = await this.redis.commands.get(this.keys.carried);
      if (text !== null) this.ids = new Set(text === '' ? [] : text.split('\n'));
      this.readAs = version;
    } catch (error) {
      this.log.debug({ error: String(error) }, 'what vendors have could not be read');
    } finally {
      this.isReading = false;
    }
  }
}
