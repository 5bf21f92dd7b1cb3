const STEPS: readonly (readonly [ms: number, unit: string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1000, 's'],
];

/** A length of time in the largest unit of which there are at least two: `3 h`; the future as `3 h ahead`. */
export function ageText(ms: number): string {
  const length = Math.abs(ms);
  const [unitMs, unit] = STEPS.find(([step]) => length >= 2 * step) ?? [1, 'ms'];
  return `${Math.floor(length / unitMs)} ${unit}${ms < 0 ? ' ahead' : ''}`;
}

/** ISO 8601, or the number where it is beyond what a date can be. */
export function timeText(epochMs: number): string {
  return Math.abs(epochMs) <= 8.64e15 ? new Date(epochMs).toISOString() : String(epochMs);
}
