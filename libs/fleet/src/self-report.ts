import type { Clock, InstrumentId } from '#domain';
import type { RedisConnection } from '#redis';
import type { DemandWriter } from './demand-writer.js';
import type { FleetKeys } from './fleet-keys.js';
import type { NodeBeat } from './messages.js';
import type { Ownership } from './ownership.js';

/** What does not change while a node lives. */
export interface SelfFacts {
  readonly nodeId: string;
  readonly role: string;
  /** Of the program. */
  readonly version: string;
}

/** Tells the other nodes how this one is. */
export class SelfReport {
  /** Version of the list of what this node can carry, when it is the owner. */
  carried = 0;
  /** Connected clients. */
  clients: () => number = () => 0;

  constructor(
    private readonly facts: SelfFacts,
    private readonly ownership: Ownership,
    private readonly demand: DemandWriter,
    private readonly redis: RedisConnection,
    private readonly keys: FleetKeys,
    private readonly clock: Clock,
  ) {}

  get role(): string {
    return this.facts.role;
  }

  beat(): NodeBeat {
    const { nodeId, role, version } = this.facts;
    const { state, since, tenure } = this.ownership;
    return {
      kind: 'beat',
      node: nodeId,
      role,
      state,
      since,
      clients: this.clients(),
      symbols: this.demand.size,
      version,
      demand: this.demand.version,
      ...(tenure !== undefined && { term: tenure.term, epoch: tenure.epoch, carried: this.carried }),
    };
  }

  tell(): void {
    void this.redis.commands.publish(this.keys.news, JSON.stringify(this.beat())).catch(() => undefined);
  }

  /** The owner says what the fleet wants now, for programs that publish it. */
  announce(added: readonly InstrumentId[], removed: readonly InstrumentId[], total: number): void {
    if (!this.ownership.mayIngest) return;
    const text = JSON.stringify({ added, removed, total, timestamp: this.clock.now() });
    void this.redis.commands.publish(this.keys.subscriptions, text).catch(() => undefined);
  }

  async gone(): Promise<void> {
    const news = JSON.stringify({ kind: 'gone', node: this.facts.nodeId });
    await this.redis.commands.publish(this.keys.news, news).catch(() => undefined);
  }
}
