import type { Clock, EpochMs } from '#domain';
import { jwtExpiry } from '../transports/access-token.js';

const DAY_MS = 86_400_000;
const IST_OFFSET_MS = 330 * 60_000;
/** Minutes after midnight in India at which all tokens of the day before are dead. */
const DEATH_MINUTE = 3 * 60 + 30;

/**
 * When a token ends: by its own word when it is a JSON Web Token, else at the next 03:30 IST after it was first seen.
 * Unverified: the hour is what users have observed.
 */
export function tokenExpiry(clock: Clock): (token: string) => EpochMs | undefined {
  let seen = { token: '', end: 0 };
  return (token) => {
    try {
      return jwtExpiry(token);
    } catch {
      if (seen.token !== token) seen = { token, end: nextDeath(clock.now()) };
      return seen.end;
    }
  };
}

/** The next 03:30 in India, Unix ms. */
function nextDeath(now: EpochMs): EpochMs {
  const shift = IST_OFFSET_MS - DEATH_MINUTE * 60_000;
  return (Math.floor((now + shift) / DAY_MS) + 1) * DAY_MS - shift;
}
