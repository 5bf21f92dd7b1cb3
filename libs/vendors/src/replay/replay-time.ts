import type { Clock, EpochMs, ReplaySpeed } from '#domain';

/** The recording's clock: runs `speed` times as fast as ours, and stands still while paused. */
export class ReplayTime {
  private base: EpochMs = 0;
  private since = 0;
  private running = false;

  constructor(
    private readonly clock: Clock,
    private pace: ReplaySpeed,
  ) {}

  get speed(): ReplaySpeed {
    return this.pace;
  }

  get isRunning(): boolean {
    return this.running;
  }

  /** Time of the recording now; without end at speed `max`. */
  now(): EpochMs {
    if (!this.running) return this.base;
    return this.pace === 'max' ? Infinity : this.base + (this.clock.elapsed() - this.since) * this.pace;
  }

  /** Our time until the recording's clock shows a time, ms. */
  until(at: EpochMs): number {
    return this.pace === 'max' ? 0 : Math.max(0, (at - this.now()) / this.pace);
  }

  set(at: EpochMs): void {
    this.base = at;
    this.since = this.clock.elapsed();
  }

  run(): void {
    if (this.running) return;
    this.since = this.clock.elapsed();
    this.running = true;
  }

  /** @param at where it stands from now on; at speed `max` only the caller knows */
  halt(at: EpochMs = this.now()): void {
    this.running = false;
    this.base = at;
  }

  /** @param at where it is now */
  setSpeed(speed: ReplaySpeed, at: EpochMs): void {
    this.set(at);
    this.pace = speed;
  }
}
