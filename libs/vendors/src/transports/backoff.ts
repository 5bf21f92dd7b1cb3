import type { Random } from '#domain';

export interface BackoffOptions {
  readonly baseMs: number;
  readonly maxMs: number;
}

/**
 * How long to wait before attempt `attempt` + 1: anywhere between 0 and base * 2^attempt, at most max. Full jitter, so that clients
 * that failed together do not return together.
 */
export function backoffMs(attempt: number, { baseMs, maxMs }: BackoffOptions, random: Random): number {
  return random() * Math.min(maxMs, baseMs * 2 ** Math.min(attempt, 30));
}
