/** Names of what all nodes share in Redis, whatever shard. */
export class FleetKeys {
  /** Node id of the owner; expires. */
  readonly lease: string;
  /** Node id of who has waited for the lease last; expires. Both carry one hash tag, so that they live in one slot of a Cluster. */
  readonly rival: string;
  /** Hash of the last `term` and its `holder`. */
  readonly term: string;
  /** Ids of the instruments that the owner can carry, one a line. */
  readonly carried: string;
  /** Channel of what nodes tell of themselves. */
  readonly news: string;
  /** Channel of changes of what the fleet wants, for anybody. */
  readonly subscriptions: string;

  constructor(private readonly prefix: string) {
    this.lease = `${prefix}{tickwire:lease}`;
    this.rival = `${this.lease}:rival`;
    this.term = `${prefix}tickwire:term`;
    this.carried = `${prefix}tickwire:carried`;
    this.news = `${prefix}tickwire:nodes`;
    this.subscriptions = `${prefix}market-data:subscriptions`;
  }

  /** Hash of what one node wants; expires. */
  demandOf(nodeId: string): string {
    return `${this.prefix}tickwire:demand:${nodeId}`;
  }

  /** Credits spent by the fleet in one span of a vendor's limit; expires. */
  spent(vendor: string, spanMs: number, span: number): string {
    return `${this.prefix}tickwire:spent:${vendor}:${spanMs}:${span}`;
  }
}
