import type { EpochMs, Recording, Tick } from '#domain';

/** Reads a recording one page ahead of where it is used: never more than two pages are held. */
export class ReadAhead {
  private page: readonly Tick[] = [];
  private place = 0;
  private next: readonly Tick[] | undefined;
  private pages: AsyncIterator<readonly Tick[]> | undefined;
  private isReading = false;
  private isOver = false;

  /**
   * @param arrived called when there are ticks after there were none, or when it has turned out that none follow
   * @param failed called when the recording cannot be read
   */
  constructor(
    private readonly recording: Recording,
    private readonly arrived: () => void,
    private readonly failed: (error: unknown) => void,
  ) {}

  /** Begins at a time; what was read before is forgotten. */
  open(from: EpochMs): void {
    this.close();
    this.pages = this.recording.pages(from)[Symbol.asyncIterator]();
    this.isOver = false;
    this.read();
  }

  close(): void {
    // a page on its way belongs to nobody any more
    void this.pages?.return?.(undefined);
    this.pages = undefined;
    this.page = [];
    this.next = undefined;
    this.place = 0;
    this.isReading = false;
    this.isOver = true;
  }

  /** The next tick, which stays the next until `take`; undefined when none is there now. */
  peek(): Tick | undefined {
    if (this.place >= this.page.length && this.next !== undefined) {
      this.page = this.next;
      this.next = undefined;
      this.place = 0;
      this.read();
    }
    return this.page[this.place];
  }

  take(): void {
    this.place++;
  }

  /** Whether all has been taken and nothing follows. */
  get isDone(): boolean {
    return this.isOver && this.peek() === undefined;
  }

  private read(): void {
    const { pages } = this;
    if (pages === undefined || this.isReading || this.isOver || this.next !== undefined) return;
    this.isReading = true;
    void this.readFrom(pages);
  }

  private async readFrom(pages: AsyncIterator<readonly Tick[]>): Promise<void> {
    try {
      const { done, value } = await pages.next();
      if (pages === this.pages) this.took(done === true ? undefined : value);
    } catch (error) {
      if (pages === this.pages) this.failed(error);
    }
  }

  private took(page: readonly Tick[] | undefined): void {
    this.isReading = false;
    const wasDry = this.place >= this.page.length;
    if (page === undefined) this.isOver = true;
    else if (page.length > 0) this.next = page;
    else return this.read();
    if (wasDry) this.arrived();
  }
}
