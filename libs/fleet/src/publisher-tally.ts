import type { Counter, Meter } from '#domain';

export type UpdateOutcome = 'accepted' | 'refused' | 'malformed' | 'unwanted';

/** Publishers that are counted by name; a name comes from outside, so there must be an end to them. */
const MOST_NAMES = 50;
const OTHERS = 'other';
const UNNAMED = '';

/** How good the updates of each publisher are: they share a vendor, so that vendor's accuracy does not tell. */
export class PublisherTally {
  private readonly names = new Set<string>();
  private readonly counters = new Map<string, Counter>();

  constructor(private readonly meter: Meter) {}

  count(publisher: string | undefined, outcome: UpdateOutcome): void {
    const name = this.nameOf(publisher ?? UNNAMED);
    const key = `${outcome} ${name}`;
    let counter = this.counters.get(key);
    if (counter === undefined) {
      const labels = { publisher: name, outcome };
      counter = this.meter.counter('publisher_updates_total', 'Updates that programs outside have published', labels);
      this.counters.set(key, counter);
    }
    counter.add();
  }

  private nameOf(given: string): string {
    const name = given.slice(0, 64);
    if (this.names.has(name)) return name;
    if (this.names.size >= MOST_NAMES) return OTHERS;
    this.names.add(name);
    return name;
  }
}
