import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from 'jose';
import type { Clock, Log } from '#domain';

export interface RemoteKeysOptions {
  readonly url: string;
  /** Age from which keys are fetched again, ms; they stay in use meanwhile. */
  readonly refreshMs: number;
  /** Least time between two fetches, ms, whatever key ids tokens name. */
  readonly cooldownMs: number;
}

/** What one fetch may take, ms. */
const PATIENCE_MS = 3000;

/**
 * Public keys from a JWKS URL. A key id that is not known fetches them again, at most once in the cooldown; a URL that does not
 * answer leaves the keys that are known in use.
 * @returns what `jwtVerify` asks for a token's key; rejects when there is none
 */
export function remoteKeys({ url, refreshMs, cooldownMs }: RemoteKeysOptions, clock: Clock, log: Log): JWTVerifyGetKey {
  let attemptAt = -Infinity;
  const isCool = (ms: number): boolean => clock.elapsed() - attemptAt >= ms;
  const keys = createRemoteJWKSet(new URL(url), {
    timeoutDuration: PATIENCE_MS,
    // age and cooldown are judged here, by attempts: by successes alone, a dead URL would be asked for every token
    cacheMaxAge: Infinity,
    cooldownDuration: 0,
    [customFetch]: async (target, options) => {
      if (!isCool(cooldownMs)) throw new Error('The JWKS URL was asked a moment ago');
      attemptAt = clock.elapsed();
      return await fetch(target, options).catch((error: unknown) => {
        // without user and query, which may hold a secret
        const { origin, pathname } = new URL(target);
        log.warn({ url: origin + pathname, reason: String(error) }, 'JWKS URL does not answer; known keys stay in use');
        throw error;
      });
    },
  });
  return async (header, token) => {
    // while the refresh runs, the keys at hand serve
    if (keys.jwks() !== undefined && isCool(refreshMs)) keys.reload().catch(() => undefined);
    return await keys(header, token);
  };
}
