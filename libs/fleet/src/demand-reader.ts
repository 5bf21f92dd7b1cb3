import type { InstrumentId, Log } from '#domain';
import type { RedisConnection } from '#redis';
import { FOLLOWED, VERSION_FIELD, WANTED } from './demand-writer.js';
import type { FleetKeys } from './fleet-keys.js';
import type { DemandMoved, NodeBeat, NodeNews } from './messages.js';
import type { NodeList } from './node-list.js';
import { Union } from './union.js';

/** What all nodes of the fleet want together; the sets are kept up to date in place. */
export interface FleetDemand {
  readonly wanted: ReadonlySet<InstrumentId>;
  /** Of which somebody needs every tick. */
  readonly followed: ReadonlySet<InstrumentId>;
}

interface NodeDemand {
  version: number;
  readonly wants: Map<InstrumentId, number>;
  isReading: boolean;
}

/** Follows what every node wants, by what they tell; reads all of a node's when something was missed. */
export class DemandReader {
  private readonly nodes = new Map<string, NodeDemand>();
  private readonly wanted = new Union();
  private readonly followed = new Union();
  private movedListener: () => void = () => undefined;

  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: FleetKeys,
    private readonly list: NodeList,
    private readonly log: Log,
  ) {
    list.onGone((node) => this.forget(node));
  }

  get union(): FleetDemand {
    return { wanted: this.wanted.members, followed: this.followed.members };
  }

  /** Called when the union may have changed. */
  onMoved(listener: () => void): void {
    this.movedListener = listener;
  }

  heard(news: NodeNews): void {
    if (news.kind === 'beat') this.compare(news);
    else if (news.kind === 'demand') this.moved(news);
  }

  /** What the fleet has come to want, and no longer wants, since the last call. */
  takeChanges(): { added: InstrumentId[]; removed: InstrumentId[] } {
    return this.wanted.takeChanges();
  }

  sweep(): void {
    this.list.sweep();
  }

  private compare({ node, demand }: NodeBeat): void {
    const known = this.of(node);
    if (known.version < demand) void this.read(node, known);
  }

  private moved({ node, demand, symbols, wants }: DemandMoved): void {
    // its first beat makes us read all of it; who has never been heard of could not be missed
    if (!this.list.has(node)) return;
    const known = this.of(node);
    if (demand <= known.version) return;
    if (demand > known.version + 1) return void this.read(node, known);
    known.version = demand;
    for (const [i, id] of symbols.entries()) this.set(known, id, wants[i] ?? 0);
    this.movedListener();
  }

  private async read(node: string, known: NodeDemand): Promise<void> {
    if (known.isReading) return;
    known.isReading = true;
    try {
      const { [VERSION_FIELD]: version = '0', ...wants } = await this.redis.commands.hgetall(this.keys.demandOf(node));
      // gone, or overtaken by what it has told meanwhile
      if (this.nodes.get(node) !== known || Number(version) <= known.version) return;
      known.version = Number(version);
      for (const id of known.wants.keys()) if (!Object.hasOwn(wants, id)) this.set(known, id, 0);
      for (const [id, want] of Object.entries(wants)) this.set(known, id, Number(want) & (WANTED | FOLLOWED));
      this.movedListener();
    } catch (error) {
      this.log.debug({ node, error: String(error) }, 'what a node wants could not be read');
    } finally {
      known.isReading = false;
    }
  }

  private set(known: NodeDemand, id: InstrumentId, want: number): void {
    const before = known.wants.get(id) ?? 0;
    if (want === 0) known.wants.delete(id);
    else known.wants.set(id, want);
    this.wanted.count(id, (want & WANTED) - (before & WANTED));
    this.followed.count(id, ((want & FOLLOWED) - (before & FOLLOWED)) / FOLLOWED);
  }

  private forget(node: string): void {
    const known = this.nodes.get(node);
    if (known === undefined) return;
    for (const id of known.wants.keys()) this.set(known, id, 0);
    this.nodes.delete(node);
    this.movedListener();
  }

  private of(node: string): NodeDemand {
    let known = this.nodes.get(node);
    if (known === undefined) {
      known = { version: 0, wants: new Map(), isReading: false };
      this.nodes.set(node, known);
    }
    return known;
  }
}
