import { type Clock, MarketDataError } from '#domain';

/**
 * A route asked beside the header. While it fails, one call at a time finds out whether it is back: its failures are the vendor's, and
 * many of them would keep the header from being asked for.
 */
export class SideRoute {
  /** When it may be tried again; undefined while it answers. */
  private tryAt: number | undefined;

  constructor(
    private readonly pauseMs: number,
    private readonly clock: Clock,
  ) {}

  /** What `make` brings; undefined when it fails, or when the route is not to be asked now. */
  async ask<T>(make: () => Promise<T | MarketDataError>): Promise<T | undefined> {
    if (this.tryAt !== undefined) {
      if (this.clock.elapsed() < this.tryAt) return undefined;
      this.pause();
    }
    const answer = await make();
    if (answer instanceof MarketDataError) {
      this.pause();
      return undefined;
    }
    this.tryAt = undefined;
    return answer;
  }

  private pause(): void {
    this.tryAt = this.clock.elapsed() + this.pauseMs;
  }
}
