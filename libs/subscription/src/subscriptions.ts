import type { QuoteState } from '#cache';
import type { InstrumentId } from '#domain';
import type { Client } from './client.js';
import type { Group, Subscription, SubscriptionOptions } from './subscription.js';

/** Who wants what, in both directions: instrument to groups of clients here, client to instruments in `Client.subscriptions`. */
export class Subscriptions {
  /** By wire id of the instrument. */
  private readonly groups: (Group[] | undefined)[] = [];
  private readonly demand = new Map<InstrumentId, number>();

  private changed: ((client: Client) => void) | undefined;

  /** Subscriptions of all clients together. */
  size = 0;

  /** @param demandChanged called when the first client asks for an instrument, or the last one leaves it */
  constructor(private readonly demandChanged: () => void) {}

  /** Called with every client whose subscriptions have changed, once for each. */
  onChange(listener: (client: Client) => void): void {
    this.changed = listener;
  }

  /** Groups of one instrument; undefined when nobody wants it. */
  of(wireId: number): readonly Group[] | undefined {
    return this.groups[wireId];
  }

  /** Instruments that at least one client wants. */
  wanted(): Iterable<InstrumentId> {
    return this.demand.keys();
  }

  /** How many clients want an instrument. */
  count(id: InstrumentId): number {
    return this.demand.get(id) ?? 0;
  }

  /** Adds or replaces a client's interest in an instrument. */
  add(client: Client, state: QuoteState, options: SubscriptionOptions): Subscription {
    const { id } = state.instrument;
    const existing = client.subscriptions.get(id);
    if (existing !== undefined) {
      if (existing.options === options) return existing;
      client.holdBack(existing);
      this.leave(existing);
    } else {
      this.size++;
      this.demand.set(id, this.count(id) + 1);
      if (this.count(id) === 1) this.demandChanged();
    }
    const subscription = this.join(client, this.groupFor(state, options), options);
    client.subscriptions.set(id, subscription);
    this.changed?.(client);
    return subscription;
  }

  /** Ends a client's interest. False when there was none. */
  remove(client: Client, id: InstrumentId): boolean {
    const subscription = client.subscriptions.get(id);
    if (subscription === undefined) return false;
    client.subscriptions.delete(id);
    client.holdBack(subscription);
    this.leave(subscription);
    this.size--;
    this.changed?.(client);
    const left = this.count(id) - 1;
    if (left > 0) this.demand.set(id, left);
    else {
      this.demand.delete(id);
      this.demandChanged();
    }
    return true;
  }

  private groupFor(state: QuoteState, { encoding }: SubscriptionOptions): Group {
    const groups = (this.groups[state.wireId] ??= []);
    let group = groups.find((candidate) => candidate.encoding === encoding);
    if (group === undefined) {
      group = { state, encoding, members: [], paced: [], lastSequence: state.sequence };
      groups.push(group);
    }
    return group;
  }

  private join(client: Client, group: Group, options: SubscriptionOptions): Subscription {
    const isPaced = options.maxFrequency !== undefined;
    const index = isPaced ? group.paced.length : group.members.length;
    const dueAt = isPaced ? client.takeDue(group.state.instrument.id) : 0;
    const subscription = { client, group, options, index, dueAt };
    if (isPaced) group.paced.push(subscription);
    else group.members.push(client);
    return subscription;
  }

  private leave({ group, options, index }: Subscription): void {
    if (options.maxFrequency === undefined) this.leaveMembers(group, index);
    else this.leavePaced(group, index);
    if (group.members.length > 0 || group.paced.length > 0) return;
    const groups = this.groups[group.state.wireId] as Group[];
    groups.splice(groups.indexOf(group), 1);
    if (groups.length === 0) this.groups[group.state.wireId] = undefined;
  }

  private leaveMembers({ members, state }: Group, index: number): void {
    const last = members.pop() as Client;
    if (index === members.length) return;
    members[index] = last;
    (last.subscriptions.get(state.instrument.id) as Subscription).index = index;
  }

  private leavePaced({ paced }: Group, index: number): void {
    const last = paced.pop() as Subscription;
    if (index === paced.length) return;
    paced[index] = last;
    last.index = index;
  }
}
