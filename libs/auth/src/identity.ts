import type { EpochMs } from '#domain';
import type { Tier } from './tier.js';

/** What a client shows; at most one of the two is looked at, the key first. */
export interface Credentials {
  readonly token?: string;
  readonly apiKey?: string;
}

/** Who somebody is, and what that allows. */
export interface Identity {
  /** `token:<sub>` or `key:<id>`, so that a token cannot pass for a key; undefined when nobody has said who they are. */
  readonly subject: string | undefined;
  readonly tier: Tier;
  /** When the credential ends; undefined when it does not. */
  readonly expiresAt: EpochMs | undefined;
  /** Stored hash of the API key that was shown; undefined for anybody else. */
  readonly keyHash?: Buffer;
}
