import { type Clock, type EpochMs, type Log, MarketDataError } from '#domain';
import { MAX_CREDENTIAL_LENGTH } from '#protocol';
import { type ApiKeyRecord, type ApiKeys, isApiKey } from './api-keys.js';
import type { Credentials, Identity } from './identity.js';
import type { TierBook } from './tier-book.js';
import type { TokenVerifier } from './token-verifier.js';

/** Whether clients are asked who they are: never, if they like, always. */
export type AuthMode = 'off' | 'optional' | 'required';

const KEY_SUBJECT = 'key:';

/** Says who shows a credential. The only place where a credential is read. */
export class Authenticator {
  private readonly listeners: (() => void)[] = [];

  constructor(
    readonly mode: AuthMode,
    private readonly tiers: TierBook,
    private readonly tokens: TokenVerifier | undefined,
    private keys: ApiKeys | undefined,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** Who comes without a credential. */
  get anonymous(): Identity {
    return { subject: undefined, tier: this.tiers.anonymous, expiresAt: undefined };
  }

  /**
   * Lets a client in, as the mode wants it. A credential that is wrong is refused even where none is asked for.
   * @throws MarketDataError `UNAUTHENTICATED` or `TOKEN_EXPIRED`
   */
  async admit(credentials: Credentials): Promise<Identity> {
    if (this.mode === 'off') return this.anonymous;
    if (this.mode === 'optional' && isEmpty(credentials)) return this.anonymous;
    return await this.verify(credentials);
  }

  /** Checks a credential whatever the mode. @throws MarketDataError `UNAUTHENTICATED` or `TOKEN_EXPIRED` */
  async verify({ token, apiKey }: Credentials): Promise<Identity> {
    const shown = apiKey ?? token;
    if (shown === undefined) throw refused('A token or an API key is required');
    if (shown.length > MAX_CREDENTIAL_LENGTH) throw refused(`At most ${MAX_CREDENTIAL_LENGTH} characters`);
    return apiKey !== undefined || isApiKey(shown) ? this.verifyKey(shown) : await this.verifyToken(shown);
  }

  /** Who the same key makes somebody now; undefined when it has been revoked. Tokens stay what they are until they expire. */
  recheck(identity: Identity): Identity | undefined {
    const { subject, keyHash } = identity;
    if (subject === undefined || keyHash === undefined) return identity;
    const record = this.keys?.byId(subject.slice(KEY_SUBJECT.length));
    // another secret under the same id is another key
    return record?.hash.equals(keyHash) === true ? this.ofKey(record) : undefined;
  }

  /** Puts new API keys in force; whoever listens then rechecks whom it has let in. */
  replaceKeys(keys: ApiKeys): void {
    this.keys = keys;
    for (const listener of this.listeners) listener();
  }

  onKeysReplaced(listener: () => void): void {
    this.listeners.push(listener);
  }

  private verifyKey(key: string): Identity {
    const record = this.keys?.find(key);
    if (record === undefined) throw refused('The API key is not valid');
    if (isPast(record.expiresAt, this.clock.now()))
      throw new MarketDataError('TOKEN_EXPIRED', 'The API key has expired', true);
    return this.ofKey(record);
  }

  private ofKey({ id, tier, expiresAt, hash }: ApiKeyRecord): Identity {
    // a file that names a tier that does not exist has been refused
    return { subject: KEY_SUBJECT + id, tier: this.tiers.named(tier) ?? this.tiers.standard, expiresAt, keyHash: hash };
  }

  private async verifyToken(token: string): Promise<Identity> {
    if (this.tokens === undefined) throw refused('This server takes no tokens, only API keys');
    const { subject, tier: name, expiresAt } = await this.tokens.verify(token);
    const tier = this.tiers.named(name);
    if (tier === undefined) {
      this.log.warn({ subject, tier: name }, 'a token names a tier that does not exist');
      throw refused(`The token is refused: there is no tier ${JSON.stringify(name)}`);
    }
    return { subject: `token:${subject}`, tier, expiresAt };
  }
}

function refused(message: string): MarketDataError {
  return new MarketDataError('UNAUTHENTICATED', message, false);
}

function isEmpty({ token, apiKey }: Credentials): boolean {
  return token === undefined && apiKey === undefined;
}

function isPast(at: EpochMs | undefined, now: EpochMs): boolean {
  return at !== undefined && at <= now;
}
