import type { Cancel, Clock, InstrumentId, Log } from '#domain';
import { type DemandWriter, FOLLOWED, WANTED } from './demand-writer.js';
import type { DemandReader, FleetDemand } from './demand-reader.js';
import type { SelfReport } from './self-report.js';

/** Changes of one moment are told together. */
const GATHER_MS = 50;
const HEARTBEAT_MS = 1000;

/** Where nodes say what they want, so that the owner knows what to ask the vendors for. */
export class DemandBoard {
  private readonly listeners: ((union: FleetDemand) => void)[] = [];
  private readonly timers = new Map<'beat' | 'union' | 'write', Cancel>();
  private isRunning = false;
  private announced: FleetDemand = { wanted: new Set(), followed: new Set() };

  constructor(
    private readonly writer: DemandWriter,
    private readonly reader: DemandReader,
    private readonly self: SelfReport,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {
    reader.onMoved(() => this.gather('union', () => this.tell()));
  }

  /** Replaces what this node wants; only what differs travels. The sets must not change afterwards. */
  announce(wanted: ReadonlySet<InstrumentId>, followed: ReadonlySet<InstrumentId>): void {
    if (isSame(wanted, this.announced.wanted) && isSame(followed, this.announced.followed)) return;
    this.announced = { wanted, followed };
    const wants = new Map<InstrumentId, number>();
    for (const id of wanted) wants.set(id, WANTED);
    for (const id of followed) wants.set(id, (wants.get(id) ?? 0) | FOLLOWED);
    this.writer.want(wants);
    if (this.isRunning) this.gather('write', () => void this.write());
  }

  /** Called with what all nodes want, whenever that has changed. */
  onDemand(listener: (union: FleetDemand) => void): void {
    this.listeners.push(listener);
  }

  start(): void {
    this.isRunning = true;
    this.tick();
  }

  stop(): void {
    this.isRunning = false;
    for (const cancel of this.timers.values()) cancel();
    this.timers.clear();
  }

  /** Wants nothing any more, and tells the others at once. */
  async leave(): Promise<void> {
    this.stop();
    await this.writer.end().catch(() => undefined);
    await this.self.gone();
  }

  private tick(): void {
    this.timers.set(
      'beat',
      this.clock.after(HEARTBEAT_MS, () => this.tick()),
    );
    this.self.tell();
    this.reader.sweep();
    void this.write();
  }

  private async write(): Promise<void> {
    await this.writer.write().catch((error: unknown) => this.log.debug({ error: String(error) }, 'demand not written'));
  }

  private gather(what: 'union' | 'write', task: () => void): void {
    if (this.timers.has(what)) return;
    const run = (): void => {
      this.timers.delete(what);
      task();
    };
    this.timers.set(what, this.clock.after(GATHER_MS, run));
  }

  private tell(): void {
    const { added, removed } = this.reader.takeChanges();
    if (added.length + removed.length > 0) this.self.announce(added, removed, this.reader.union.wanted.size);
    for (const listener of this.listeners) listener(this.reader.union);
  }
}

function isSame(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  if (a.size !== b.size) return false;
  for (const member of a) if (!b.has(member)) return false;
  return true;
}
