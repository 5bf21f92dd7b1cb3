import type { Clock, FeedState, FeedStatus, VendorId } from '#domain';

type Coverage = Pick<FeedStatus, 'instruments' | 'unserved' | 'connections'>;

/** Keeps a carrier's state, and tells when it changes. */
export class StatusKeeper {
  lastFrameAt: number | undefined;
  lastError: string | undefined;
  private state: FeedState = 'idle';
  private since: number;
  private listener: (status: FeedStatus) => void = () => undefined;

  constructor(
    private readonly id: string,
    private readonly vendor: VendorId,
    private readonly clock: Clock,
    private readonly coverage: () => Coverage,
  ) {
    this.since = clock.now();
  }

  onChange(listener: (status: FeedStatus) => void): void {
    this.listener = listener;
  }

  /** Enters a state; entering the present one again is no news. @returns whether it was news */
  become(state: FeedState, error?: string): boolean {
    if (error !== undefined) this.lastError = error;
    if (state === this.state) return false;
    this.state = state;
    this.since = this.clock.now();
    if (state === 'live') this.lastError = undefined;
    this.listener(this.status());
    return true;
  }

  status(): FeedStatus {
    const { id, vendor, state, since, lastFrameAt, lastError } = this;
    return { id, vendor, state, since, lastFrameAt, lastError, ...this.coverage() };
  }
}
