import { readFileSync } from 'node:fs';
import {
  type Cancel,
  type Credential,
  type CredentialStatus,
  type EpochMs,
  SourceFailedError,
  type VendorId,
} from '#domain';
import type { VendorTools } from '../define-vendor.js';

export interface AccessTokenOptions {
  readonly vendor: VendorId;
  /** File that holds the token and is read anew for every use, so that a rollover needs no restart; empty for none. */
  readonly file: string;
  /** Name of the environment's secret that is used without a file. */
  readonly secret: string;
  /** When a token ends; undefined when it does not say. @throws Error if it is no token */
  expiresAt(token: string): EpochMs | undefined;
}

const CHECK_MS = 60_000;
const EXPIRING_MS = 3_600_000;
/** Minutes before the end at which it is said again. */
const WARN_AT = [60, 30, 15, 5, 1] as const;

/** A vendor's access token, which dies daily: read anew for every connection, and its end is told before it comes. */
export class AccessToken implements Credential {
  private timer: Cancel | undefined;
  /** What was said last of which token, so that nothing is said twice. */
  private said = '';

  constructor(
    private readonly options: AccessTokenOptions,
    private readonly tools: VendorTools,
  ) {}

  /** The token to connect with. @throws SourceFailedError if there is none, it cannot be read, or it has expired */
  current(): string {
    const { vendor } = this.options;
    const token = this.read();
    if (token === undefined) throw new SourceFailedError(vendor, `no access token: ${this.where()}`);
    const expiresAt = this.expiryOf(token);
    if (expiresAt !== undefined && expiresAt <= this.tools.clock.now()) {
      throw new SourceFailedError(
        vendor,
        `the access token expired at ${new Date(expiresAt).toISOString()}: ${this.where()}`,
      );
    }
    return token;
  }

  status(): CredentialStatus {
    const { vendor } = this.options;
    const token = this.read();
    if (token === undefined) return { vendor, state: 'missing', expiresAt: undefined };
    let expiresAt: EpochMs | undefined;
    try {
      expiresAt = this.expiryOf(token);
    } catch {
      return { vendor, state: 'missing', expiresAt: undefined };
    }
    const left = expiresAt === undefined ? Infinity : expiresAt - this.tools.clock.now();
    return { vendor, state: left <= 0 ? 'expired' : left <= EXPIRING_MS ? 'expiring' : 'valid', expiresAt };
  }

  start(): void {
    this.check();
  }

  stop(): void {
    this.timer?.();
  }

  private check(): void {
    this.warn(this.status());
    this.timer = this.tools.clock.after(CHECK_MS, () => this.check());
  }

  private warn({ vendor, state, expiresAt }: CredentialStatus): void {
    const minutes = expiresAt === undefined ? Infinity : (expiresAt - this.tools.clock.now()) / 60_000;
    const step = state === 'expiring' ? WARN_AT.findLast((at) => minutes <= at) : '';
    const news = `${state} ${expiresAt ?? ''} ${step ?? ''}`;
    if (news === this.said) return;
    this.said = news;
    const fields = { vendor, expiresAt: expiresAt && new Date(expiresAt).toISOString(), renew: this.where() };
    if (state === 'expiring')
      this.tools.log.warn({ ...fields, minutesLeft: Math.ceil(minutes) }, 'access token expires soon');
    else if (state === 'expired') this.tools.log.error(fields, 'access token has expired');
    else if (state === 'missing') this.tools.log.error(fields, 'no usable access token');
  }

  private expiryOf(token: string): EpochMs | undefined {
    try {
      return this.options.expiresAt(token);
    } catch (error) {
      throw new SourceFailedError(this.options.vendor, `the access token cannot be read: ${(error as Error).message}`);
    }
  }

  private read(): string | undefined {
    const { file, secret } = this.options;
    if (file === '') return this.tools.secret(secret)?.trim() || undefined;
    try {
      return readFileSync(file, 'utf8').trim() || undefined;
    } catch {
      return undefined;
    }
  }

  private where(): string {
    const { vendor, file, secret } = this.options;
    const name = vendor.toUpperCase();
    return file === '' ? `set ${name}_SECRET_${secret.toUpperCase()} or ${name}_TOKEN_FILE` : `write it to ${file}`;
  }
}

/** End of a JSON Web Token by its `exp`, unverified: the vendor verifies. Undefined when it has none. @throws Error if it is no such token */
export function jwtExpiry(token: string): EpochMs | undefined {
  const { exp } = jwtClaims(token);
  return typeof exp === 'number' ? exp * 1000 : undefined;
}

/** Claims of a JSON Web Token, unverified. @throws Error if it is none */
export function jwtClaims(token: string): Record<string, unknown> {
  const parts = token.split('.');
  const claims: unknown =
    parts.length === 3 ? JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString()) : undefined;
  if (typeof claims !== 'object' || claims === null) throw new Error('it is no JSON Web Token');
  return claims as Record<string, unknown>;
}
