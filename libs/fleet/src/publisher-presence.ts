import type { Clock, EpochMs, InstrumentId, InstrumentMaster } from '#domain';

/** How long after subscribing a symbol may be on its way. */
const FIRST_MS = 1000;

/** Which instruments are being published, and since when. */
export class PublisherPresence {
  /** When each was published last. */
  private readonly heardAt = new Map<InstrumentId, EpochMs>();
  private readonly streaming = new Map<InstrumentId, EpochMs>();
  private readonly quiet = new Set<InstrumentId>();
  private subscribedAt: EpochMs | undefined;
  private isSettled = false;
  private lastAt: EpochMs | undefined;

  constructor(
    private readonly master: InstrumentMaster,
    private readonly silenceMs: number,
    private readonly clock: Clock,
  ) {}

  /** When anything was published last. */
  get last(): EpochMs | undefined {
    return this.lastAt;
  }

  /** Whether anything has been published lately. */
  get isAlive(): boolean {
    return this.lastAt !== undefined && this.clock.now() - this.lastAt <= this.silenceMs;
  }

  /** Instruments nobody publishes, of all there are: whoever has to choose a vendor learns it before asking. */
  get silent(): ReadonlySet<InstrumentId> {
    return this.quiet;
  }

  /** Listening begins, again or for the first time: nothing is known of before. */
  begin(): void {
    this.end();
    this.subscribedAt = this.clock.now();
  }

  end(): void {
    this.subscribedAt = undefined;
    this.isSettled = false;
    this.lastAt = undefined;
    this.heardAt.clear();
    this.streaming.clear();
    this.quiet.clear();
  }

  /**
   * @param at as its tick has it, so that a stream does not begin after its first price
   * @param isWanted whether what was published went to the pipeline
   * @returns whether it had been silent
   */
  heard(id: InstrumentId, at: EpochMs, isWanted: boolean): boolean {
    this.lastAt = at;
    this.heardAt.set(id, at);
    if (isWanted && !this.streaming.has(id)) this.streaming.set(id, at);
    return this.quiet.delete(id);
  }

  streamingSince(id: InstrumentId): EpochMs | undefined {
    return this.streaming.get(id);
  }

  /** What nobody wants is not let in, so its stream has a break. */
  wantOnly(wanted: ReadonlySet<InstrumentId>): void {
    for (const id of this.streaming.keys()) if (!wanted.has(id)) this.streaming.delete(id);
  }

  /** Finds what has fallen silent. */
  sweep(): void {
    const now = this.clock.now();
    if (this.subscribedAt === undefined || now - this.subscribedAt < FIRST_MS) return;
    if (!this.isSettled) {
      this.isSettled = true;
      for (const { id } of this.master.all()) if (!this.heardAt.has(id)) this.quiet.add(id);
    }
    for (const [id, at] of this.heardAt) {
      if (now - at <= this.silenceMs) continue;
      this.heardAt.delete(id);
      this.streaming.delete(id);
      this.quiet.add(id);
    }
  }
}
