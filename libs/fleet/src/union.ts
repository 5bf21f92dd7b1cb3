/** A set whose members are there as often as somebody has put them in. */
export class Union {
  readonly members = new Set<string>();
  private readonly counts = new Map<string, number>();
  /** Members that have come or gone since the changes were taken. */
  private readonly moved = new Set<string>();

  /** @param change 1 for one more, -1 for one less, 0 for nothing */
  count(member: string, change: number): void {
    if (change === 0) return;
    const before = this.counts.get(member) ?? 0;
    const count = before + change;
    if (count > 0) this.counts.set(member, count);
    else this.counts.delete(member);
    if (before > 0 === count > 0) return;
    if (count > 0) this.members.add(member);
    else this.members.delete(member);
    // who came and went again has not moved
    if (!this.moved.delete(member)) this.moved.add(member);
  }

  /** What has come and gone since the last call. */
  takeChanges(): { added: string[]; removed: string[] } {
    const changes: { added: string[]; removed: string[] } = { added: [], removed: [] };
    for (const member of this.moved) changes[this.members.has(member) ? 'added' : 'removed'].push(member);
    this.moved.clear();
    return changes;
  }
}
