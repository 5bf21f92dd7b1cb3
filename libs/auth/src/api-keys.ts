import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { IsArray, IsISO8601, IsOptional, IsString, Matches } from 'class-validator';
import { ConfigError, type EpochMs } from '#domain';
import { checked, parseJsonObject } from './file-check.js';

/** `tw_<id>_<secret>`: the id finds the record, the secret (256 random bits in base64url) proves possession. */
const API_KEY = /^tw_([A-Za-z0-9-]{1,40})_[A-Za-z0-9_-]{43,128}$/;
/** What an unknown id is compared with, so that it takes as long as a known one. */
const NO_KEY = Buffer.alloc(32);

class ApiKeysFile {
  @IsArray()
  keys!: unknown[];
}

/** One key as the file holds it; the key itself is nowhere but with its owner. */
class ApiKeyEntry {
  @Matches(/^[A-Za-z0-9-]{1,40}$/)
  id!: string;

  /** `sha256:` and the hash of the whole key in hexadecimal. A fast hash will do, as nobody guesses 256 random bits. */
  @Matches(/^sha256:[0-9a-f]{64}$/)
  hash!: string;

  @IsOptional()
  @IsString()
  tier?: string;

  @IsOptional()
  @IsISO8601({ strict: true })
  expires?: string;
}

export interface ApiKeyRecord {
  readonly id: string;
  readonly tier: string | undefined;
  readonly expiresAt: EpochMs | undefined;
  readonly hash: Buffer;
}

/** Whether a credential has the form of an API key, so that it may also come as a bearer token. */
export function isApiKey(text: string): boolean {
  return API_KEY.test(text);
}

/** A new key; the id is letters, digits and hyphens. */
export function newApiKey(id: string): string {
  return `tw_${id}_${randomBytes(32).toString('base64url')}`;
}

/** What is stored of a key. */
export function hashApiKey(key: string): string {
  return `sha256:${digest(key).toString('hex')}`;
}

/** The keys of one version of the file. */
export class ApiKeys {
  private constructor(private readonly records: ReadonlyMap<string, ApiKeyRecord>) {}

  /**
   * Reads `{"keys": [{"id", "hash", "tier"?, "expires"?}]}`.
   * @param where setting and path, for the errors
   * @throws ConfigError naming every problem by its place
   */
  static parse(text: string, where: string, hasTier: (name: string) => boolean): ApiKeys {
    const file = checked(ApiKeysFile, parseJsonObject(text, where), where, '$');
    const records = new Map<string, ApiKeyRecord>();
    for (const [i, value] of file.keys.entries()) {
      const place = `$.keys[${i}]`;
      const { id, hash, tier, expires } = checked(ApiKeyEntry, value, where, place);
      if (records.has(id)) throw new ConfigError([`${where}: ${place}.id is there twice: ${id}`]);
      if (tier !== undefined && !hasTier(tier))
        throw new ConfigError([`${where}: ${place}.tier names no tier: ${JSON.stringify(tier)}`]);
      const expiresAt = expires === undefined ? undefined : Date.parse(expires);
      records.set(id, { id, tier, expiresAt, hash: Buffer.from(hash.slice('sha256:'.length), 'hex') });
    }
    return new ApiKeys(records);
  }

  /** The record of a key that is right; undefined for any other. Says nothing about expiry. */
  find(key: string): ApiKeyRecord | undefined {
    const id = API_KEY.exec(key)?.[1];
    if (id === undefined) return undefined;
    const record = this.records.get(id);
    const isRight = timingSafeEqual(digest(key), record?.hash ?? NO_KEY);
    return isRight ? record : undefined;
  }

  /** The record under an id, whether or not anybody has shown the key. */
  byId(id: string): ApiKeyRecord | undefined {
    return this.records.get(id);
  }
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
