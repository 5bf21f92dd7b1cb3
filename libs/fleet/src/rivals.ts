/** Whether another node waits for our lease, as the answers to renewals tell; kept while Redis does not answer. */
export class Rivals {
  private none = false;
  /** By `elapsed`: since when no renewal has told of one. */
  private since = 0;

  /** @param leaseMs for so long renewals have to tell of none: a rival asks several times in it */
  constructor(private readonly leaseMs: number) {}

  /** No other node could have taken the lease when Redis answered last. */
  get areNone(): boolean {
    return this.none;
  }

  /** A lease begins: who may have had it before is not known yet. */
  begin(at: number): void {
    this.none = false;
    this.since = at;
  }

  /**
   * A renewal was answered.
   * @param at by `elapsed`
   * @param isAfterGap whether Redis had not answered before: it may have come back empty, and rivals later than we
   */
  renewed(hasRival: boolean, at: number, isAfterGap: boolean): void {
    if (hasRival || (isAfterGap && !this.none)) this.begin(at);
    else if (at - this.since >= this.leaseMs) this.none = true;
  }
}
