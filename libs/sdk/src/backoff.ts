/** Upper bounds of the pauses between attempts, ms; the last one repeats. */
export const DEFAULT_BACKOFF: readonly number[] = [1000, 2000, 4000, 8000, 16_000, 30_000];

/**
 * Pause before the next attempt: anything up to the bound ("full jitter"), so that clients that were cut off together do not come back together.
 * @param failures attempts that have failed in a row, from 1
 */
export function backoffDelay(bounds: readonly number[], failures: number, random: () => number): number {
  const bound = bounds[Math.min(failures, bounds.length) - 1] ?? 0;
  return Math.round(random() * bound);
}
