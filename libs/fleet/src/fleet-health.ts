import type { HealthReport, HealthSource } from '#domain';
import type { NodeList } from './node-list.js';
import type { Ownership } from './ownership.js';

/** Tells whether somebody brings prices in: degraded while this node goes on or waits without Redis, prepares to begin, or hears of no owner. */
export class FleetHealth implements HealthSource {
  readonly name = 'fleet';
  /** Whether this node calls vendors now. */
  ingests: () => boolean = () => true;

  constructor(
    private readonly ownership: Ownership,
    private readonly nodes: NodeList,
  ) {}

  report(): HealthReport {
    const { state, since, tenure, nodeId } = this.ownership;
    const owner = this.ownership.mayIngest ? nodeId : this.heardOwner();
    const isWell = (state === 'owner' && this.ingests()) || (state === 'standby' && owner !== undefined);
    return {
      state: isWell ? 'up' : 'degraded',
      node: nodeId,
      is: state,
      since: new Date(since).toISOString(),
      nodes: this.nodes.all().length,
      ...(owner !== undefined && { owner }),
      ...(tenure !== undefined && { term: tenure.term, epoch: tenure.epoch }),
    };
  }

  /** While no news comes, what was heard last may be this node's own. */
  private heardOwner(): string | undefined {
    return this.ownership.state === 'waiting' ? undefined : this.nodes.owner()?.id;
  }
}
