import { createHash, createHmac } from 'node:crypto';
import type { EpochMs } from '#domain';

const APP_ID = 'SANDBOX01-100';
/** Real tokens live for a day; a sandbox should not stop after one. */
const LIFE_MS = 365 * 86_400_000;

/** A token of the form the vendor gives, `APPID:JWT`. @param hsmKey credential of the data stream within it */
export function mintToken(hsmKey: string, now: EpochMs, lifeMs = LIFE_MS): string {
  const seconds = Math.floor(now / 1000);
  const claims = {
    iss: 'api.fyers.in',
    sub: 'access_token',
    iat: seconds,
    nbf: seconds,
    exp: seconds + Math.floor(lifeMs / 1000),
    fy_id: 'XS00000',
    appType: 100,
    hsm_key: hsmKey,
  };
  const body = [{ typ: 'JWT', alg: 'HS256' }, claims].map((part) => base64url(JSON.stringify(part))).join('.');
  const signature = createHmac('sha256', 'sandbox').update(body).digest('base64url');
  return `${APP_ID}:${body}.${signature}`;
}

/** As long as real keys are. */
export const SANDBOX_KEY: string = createHash('sha224').update('sandbox').digest('hex');

/** The stream refuses a client with this key. */
export const REFUSED_KEY: string = 'bad0'.repeat(14);

/** What is wrong with an `Authorization` header, in the vendor's code; undefined when nothing is. Both `APPID:JWT` and the JWT alone will do. */
export function authorizationFault(header: string | undefined, now: EpochMs): number | undefined {
  const jwt = header?.slice(header.indexOf(':') + 1) ?? '';
  try {
    const claims = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()) as { exp?: unknown };
    return typeof claims.exp === 'number' && claims.exp * 1000 <= now ? -8 : undefined;
  } catch {
    return -16;
  }
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}
