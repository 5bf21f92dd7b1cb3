import { silentLog, silentMeter, systemClock } from '#domain';
import type { VendorTools } from '#vendors';

/** Tools for a vendor under test: real time, no chance, nothing logged. */
export function vendorTools(given: Partial<VendorTools> = {}): VendorTools {
  return {
    clock: systemClock,
    random: () => 0.5,
    log: silentLog,
    meter: silentMeter,
    secret: () => undefined,
    isTrading: () => true,
    symbolOf: () => undefined,
    ...given,
  };
}

/** Waits where a period of the calendar, as a minute or a day, is about to end, so that no test sees that. */
export async function earlyIn(periodMs: number, leftMs = 10_000, aheadOfUtcMs = 0): Promise<void> {
  const left = periodMs - ((Date.now() + aheadOfUtcMs) % periodMs);
  if (left < leftMs) await new Promise((resolve) => setTimeout(resolve, left + 10));
}

/** Waits until something holds; fails with its name when it does not within the time. */
export async function until(what: string, holds: () => boolean, timeoutMs = 25_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
