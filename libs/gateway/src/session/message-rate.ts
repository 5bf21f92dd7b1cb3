import type { Clock } from '#domain';

/** What a message costs its sender: nothing, a warning, or the connection. */
export type RateVerdict = 'ok' | 'warn' | 'close';

/** Token bucket for one client's messages: a second's worth may come at once; a second's worth of warnings ends the connection. */
export class MessageRate {
  private tokens: number;
  private warnings = 0;
  private at: number;

  constructor(
    private readonly clock: Clock,
    private readonly perSecond: number,
  ) {
    this.tokens = 2 * perSecond;
    this.at = clock.elapsed();
  }

  take(): RateVerdict {
    const now = this.clock.elapsed();
    this.tokens = Math.min(2 * this.perSecond, this.tokens + ((now - this.at) / 1000) * this.perSecond);
    this.at = now;
    if (this.tokens >= 1) {
      this.tokens--;
      if (this.tokens > this.perSecond) this.warnings = 0;
      return 'ok';
    }
    this.warnings++;
    return this.warnings > this.perSecond ? 'close' : 'warn';
  }
}
