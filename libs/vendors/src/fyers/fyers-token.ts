import type { EpochMs } from '#domain';
import { jwtClaims, jwtExpiry } from '../transports/access-token.js';

/** What a FYERS access token says about itself. */
export interface FyersToken {
  /** Credential of the data stream, the token's claim `hsm_key`. */
  readonly hsmKey: string;
  /** The part after the app id: also a secret. */
  readonly jwt: string;
  readonly expiresAt: EpochMs | undefined;
}

/**
 * Reads an access token: `APPID:JWT`, such as `ABCD1234XY-100:eyJ...`.
 * @throws Error, without any part of the token, if it is none or has no key for the data stream
 */
export function readFyersToken(token: string): FyersToken {
  const colon = token.indexOf(':');
  if (colon < 1) throw new Error('it must be APPID:JWT');
  const jwt = token.slice(colon + 1);
  const { hsm_key: hsmKey } = claimsOf(jwt);
  if (typeof hsmKey !== 'string' || hsmKey === '') throw new Error('it has no claim hsm_key');
  return { hsmKey, jwt, expiresAt: jwtExpiry(jwt) };
}

function claimsOf(jwt: string): Record<string, unknown> {
  try {
    return jwtClaims(jwt);
  } catch {
    // the reason given quotes the text
    throw new Error('what follows the app id is no JSON Web Token');
  }
}
