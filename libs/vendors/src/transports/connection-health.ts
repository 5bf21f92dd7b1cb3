import type { EpochMs, Tick } from '#domain';

/** Time constant of the rates and of the latency, ms: about the last half minute. */
const MEMORY_MS = 30_000;
/** A connection that brought this many ticks in the time for which it is silent now would not be silent by chance. */
const EXPECTED_TICKS = 10;
const MUTE_AFTER_MS = 5000;
/** The snapshots of a new connection say nothing about its rate. */
const SETTLING_MS = 3000;
/** Frames of one check from which the share of unreadable ones means something, and the share that is too much. */
const MIN_FRAMES = 10;
const MAX_MALFORMED = 0.5;

/** What a connection's traffic says about it. */
export interface HealthFigures {
  readonly ticksPerSecond: number;
  /** Mean of receive time minus event time, ms; undefined while no tick told its time. */
  readonly latencyMs: number | undefined;
  /** Share of frames that could not be read since the last check, 0 to 1. */
  readonly malformedShare: number;
}

/** Judges a connection by its traffic: whether it is as busy as it has been, and whether it can be read. */
export class ConnectionHealth {
  private openedAt: EpochMs;
  private checkedAt: EpochMs;
  private lastTickAt: EpochMs;
  private ticks = 0;
  private frames = 0;
  private malformed = 0;
  private rate: number;
  private share = 0;
  private latency: number | undefined;

  /** @param rate ticks a second of the connection before, where there was one: a new one that is mute should be found as well */
  constructor(now: EpochMs, rate = 0) {
    this.rate = rate;
    this.openedAt = now;
    this.checkedAt = now;
    this.lastTickAt = now;
  }

  /** A frame has come, with these ticks in it. */
  frame(ticks: readonly Tick[], now: EpochMs): void {
    this.frames++;
    if (ticks.length === 0) return;
    this.lastTickAt = now;
    if (now - this.openedAt < SETTLING_MS) return;
    this.ticks += ticks.length;
    const { eventTime } = ticks[0] as Tick;
    if (eventTime === undefined) return;
    const late = now - eventTime;
    this.latency = this.latency === undefined ? late : this.latency + (late - this.latency) * 0.05;
  }

  unreadable(): void {
    this.malformed++;
  }

  figures(): HealthFigures {
    return { ticksPerSecond: this.rate, latencyMs: this.latency, malformedShare: this.share };
  }

  /**
   * Takes stock, every few seconds.
   * @param isTrading whether any of what the connection carries is traded now: at night silence means nothing
   * @returns why the connection cannot be relied on, or undefined
   */
  check(now: EpochMs, isTrading: boolean): string | undefined {
    const elapsed = now - this.checkedAt;
    if (elapsed <= 0) return undefined;
    const silence = now - this.lastTickAt;
    const missed = (this.rate * silence) / 1000;
    this.share = this.frames === 0 ? 0 : this.malformed / this.frames;
    const isGarbage = this.frames >= MIN_FRAMES && this.share > MAX_MALFORMED;
    const weight = 1 - Math.exp(-elapsed / MEMORY_MS);
    // silence is judged against how busy it was before, so that it does not excuse itself
    if (silence < MUTE_AFTER_MS || !isTrading) this.rate += ((this.ticks * 1000) / elapsed - this.rate) * weight;
    this.checkedAt = now;
    this.ticks = 0;
    this.frames = 0;
    this.malformed = 0;
    if (isGarbage) return `${Math.round(this.share * 100)} % of its frames cannot be read`;
    if (isTrading && silence >= MUTE_AFTER_MS && missed >= EXPECTED_TICKS) {
      return `connected, but without a price for ${silence} ms where ${Math.round(missed)} were to be expected`;
    }
    return undefined;
  }
}
