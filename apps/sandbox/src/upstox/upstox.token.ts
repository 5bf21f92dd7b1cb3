import type { Tier } from './upstox.limits.js';

/** Whose token it is. */
export interface Account {
  readonly user: string;
  readonly tier: Tier;
}

/**
 * An access token of the sandbox: a JSON Web Token with the vendor's claims, whose signature nobody checks.
 * @param expiresAt Unix ms; the vendor's end in the night, the sandbox's only when told
 */
export function sandboxToken(user: string, tier: Tier = 'normal', expiresAt?: number): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { sub: user, isPlusPlan: tier === 'plus', iss: 'vendor-sandbox', exp: expiresAt && expiresAt / 1000 };
  return `${part({ typ: 'JWT', alg: 'HS256' })}.${part(claims)}.sandbox`;
}

/** The account of an `Authorization` header; undefined when it names none, or its time is over. */
export function accountOf(header: string | undefined, now: number): Account | undefined {
  const [, claims = ''] = /^Bearer [\w-]+\.([\w-]+)\.[\w-]+$/.exec(header ?? '') ?? [];
  try {
    const { sub, isPlusPlan, exp } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, unknown>;
    if (typeof sub !== 'string' || (typeof exp === 'number' && exp * 1000 <= now)) return undefined;
    return { user: sub, tier: isPlusPlan === true ? 'plus' : 'normal' };
  } catch {
    return undefined;
  }
}
