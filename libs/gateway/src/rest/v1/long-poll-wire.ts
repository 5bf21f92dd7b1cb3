import type { Clock } from '#domain';
import type { Wire } from '#subscription';

/** A hub client that sends nothing on: that there is something to send is the news. */
export class LongPollWire implements Wire {
  readonly buffered = 0;
  isClosed = false;
  private hasNews = false;
  private wake: () => void = () => undefined;

  constructor(
    private readonly clock: Clock,
    private readonly probeAnswered: () => void,
    /** Ends the hub's interest in this client. */
    readonly release: () => void,
  ) {}

  write(_frames: string, probe: boolean): void {
    if (probe) this.probeAnswered();
    this.hasNews = true;
    this.wake();
  }

  close(): void {
    this.isClosed = true;
    this.wake();
  }

  /** Resolves with the next change since the last call, at the end, or when the time is over. */
  async change(withinMs: number): Promise<void> {
    if (!this.hasNews && !this.isClosed) {
      await new Promise<void>((resolve) => {
        const cancel = this.clock.after(withinMs, resolve);
        this.wake = () => {
          cancel();
          resolve();
        };
      });
    }
    this.hasNews = false;
  }
}
