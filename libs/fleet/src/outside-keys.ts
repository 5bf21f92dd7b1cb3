/** Names in Redis that programs outside may use; docs/publishers.md describes them. */
export class OutsideKeys {
  /** Channel of quotes that others publish. */
  readonly updates: string;
  /** Channel of what is wrong with them, or with orders. */
  readonly errors: string;
  /** Channel of operators' orders. */
  readonly control: string;
  /** Channel of orders that have been carried out. */
  readonly done: string;
  /** Set of the paused symbols. */
  readonly paused: string;
  /** How new that set is; in a Cluster both are at one node. */
  readonly pausedVersion: string;

  constructor(private readonly prefix: string) {
    this.updates = `${prefix}market-data:updates`;
    this.errors = `${prefix}market-data:errors`;
    this.control = `${prefix}market-data:control`;
    this.done = `${prefix}market-data:control:done`;
    this.paused = `${prefix}market-data:paused`;
    this.pausedVersion = prefix.includes('{') ? `${this.paused}:version` : `{${this.paused}}:version`;
  }

  /** What one client is subscribed to, as JSON; expires. */
  client(clientId: string): string {
    return `${this.prefix}client:subscription:${clientId}`;
  }
}
