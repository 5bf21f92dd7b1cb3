/** Longer than an answer is late by itself, ms: then this process has been standing still. */
const SLACK_MS = 500;

/**
 * Tells a Redis that does not answer from a process that did not ask: failures count only while this process runs, so one that
 * was stopped wakes up without proof.
 */
export class Silence {
  private since: number | undefined;
  private lastAt = 0;

  /** @param leaseMs a third of it in silence is proof; a gap of all of it means that we were not there */
  constructor(
    private readonly leaseMs: number,
    private readonly timeoutMs: number,
  ) {}

  /** Redis was asked at `startedAt` and had not answered by `at`. */
  failed(startedAt: number, at: number): void {
    const wasStopped = at - startedAt > this.timeoutMs + SLACK_MS;
    if (wasStopped || at - this.lastAt > this.leaseMs + this.timeoutMs) this.since = undefined;
    this.lastAt = at;
    if (!wasStopped) this.since ??= startedAt;
  }

  end(): void {
    this.since = undefined;
  }

  isProven(at: number): boolean {
    return this.since !== undefined && this.lastAt - this.since >= this.leaseMs / 3 && at - this.lastAt < this.leaseMs;
  }
}
