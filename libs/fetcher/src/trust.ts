import type { EpochMs } from '#domain';

const FIRST_MS = 5000;
const LONGEST_MS = 300_000;
/** Well for this long, and an old failure is forgotten. */
const FORGET_MS = 600_000;

interface Record {
  isWell: boolean;
  /** When it became well the last time. */
  since: EpochMs;
  /** Failures remembered. */
  failures: number;
}

/**
 * Keeps what fails and recovers in turns from being used in turns: after each failure it must have been well for longer before it is
 * trusted again: 5 s, then 10, up to 5 minutes.
 */
export class Trust {
  private readonly records = new Map<string, Record>();

  /** Notes how something is now. @returns whether it may be relied on */
  note(key: string, isWell: boolean, now: EpochMs): boolean {
    const record = this.records.get(key);
    if (!isWell) {
      if (record === undefined) this.records.set(key, { isWell, since: now, failures: 1 });
      else if (record.isWell) {
        record.isWell = false;
        record.failures++;
      }
      return false;
    }
    if (record === undefined) return true;
    if (!record.isWell) {
      record.isWell = true;
      record.since = now;
    }
    const wellFor = now - record.since;
    if (wellFor > FORGET_MS) this.records.delete(key);
    return wellFor >= Math.min(LONGEST_MS, FIRST_MS * 2 ** (record.failures - 1));
  }
}
