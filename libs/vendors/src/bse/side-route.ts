import { type Clock, MarketDataError } from '#domain';
import { HttpStatusError } from '../transports/http-client.js';

/**
 * A route asked beside the header. While it fails, one call at a time finds out whether it is back; where it turns us away, rarely.
 */
export class SideRoute {
  /** When it may be tried again; undefined while it answers. */
  private tryAt: number | undefined;

  constructor(
    private readonly pauseMs: number,
    /** Pause after a refusal, ms. */
    private readonly refusedMs: number,
    private readonly clock: Clock,
  ) {}

  /** What `make` brings; undefined when it fails, or when the route is not to be asked now. */
  async ask<T>(make: () => Promise<T | MarketDataError>): Promise<T | undefined> {
    if (this.tryAt !== undefined) {
      if (this.clock.elapsed() < this.tryAt) return undefined;
      this.pause(this.pauseMs);
    }
    const answer = await make();
    if (answer instanceof MarketDataError) {
      const isRefusal = answer instanceof HttpStatusError && answer.status === 403;
      this.pause(isRefusal ? this.refusedMs : this.pauseMs);
      return undefined;
    }
    this.tryAt = undefined;
    return answer;
  }

  private pause(ms: number): void {
    this.tryAt = this.clock.elapsed() + ms;
  }
}
