import { errors, type JWTPayload, jwtVerify, type JWTVerifyGetKey } from 'jose';
import { type Clock, type EpochMs, type Log, MarketDataError } from '#domain';

export interface TokenRules {
  /** Key of HS256 tokens, at least 32 bytes; undefined refuses them. */
  readonly secret: string | undefined;
  /** Keys of RS256 and ES256 tokens; undefined refuses them. */
  readonly publicKeys: JWTVerifyGetKey | undefined;
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
  /** How far the issuer's clock may be off, ms. */
  readonly clockToleranceMs: number;
  /** Claim that names the tier. */
  readonly tierClaim: string;
}

/** What a good token says. */
export interface TokenClaims {
  readonly subject: string;
  readonly tier: string | undefined;
  readonly expiresAt: EpochMs;
}

/** Checks tokens: signature, algorithm, issuer, audience, time. `sub` and `exp` must be there. */
export class TokenVerifier {
  private readonly algorithms: string[];
  private readonly key: JWTVerifyGetKey;

  constructor(
    private readonly rules: TokenRules,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {
    const { secret, publicKeys } = rules;
    this.algorithms = [...(secret === undefined ? [] : ['HS256']), ...(publicKeys ? ['RS256', 'ES256'] : [])];
    const secretKey = new TextEncoder().encode(secret);
    // each algorithm has its own kind of key, so a public key never serves as an HMAC secret
    this.key = (header, token) => (header.alg === 'HS256' || !publicKeys ? secretKey : publicKeys(header, token));
  }

  /** @throws MarketDataError `UNAUTHENTICATED`, or `TOKEN_EXPIRED` for a token that was good */
  async verify(token: string): Promise<TokenClaims> {
    const { issuer, audience, clockToleranceMs, tierClaim } = this.rules;
    try {
      const { payload } = await jwtVerify(token, this.key, {
        algorithms: this.algorithms,
        issuer,
        audience,
        clockTolerance: clockToleranceMs / 1000,
        currentDate: new Date(this.clock.now()),
        requiredClaims: ['sub', 'exp'],
      });
      return {
        subject: subjectOf(payload),
        tier: tierOf(payload[tierClaim], tierClaim),
        expiresAt: (payload.exp as number) * 1000 + clockToleranceMs,
      };
    } catch (error) {
      throw this.refusal(error);
    }
  }

  private refusal(error: unknown): MarketDataError {
    if (error instanceof MarketDataError) return error;
    if (error instanceof errors.JWTExpired)
      return new MarketDataError('TOKEN_EXPIRED', 'The token has expired', true, { cause: error });
    if (error instanceof errors.JWTClaimValidationFailed)
      return refused(`The token is refused: ${error.message}`, error);
    // the reason helps whoever runs the server; to whoever forges tokens it would be a hint
    this.log.debug({ reason: String(error) }, 'token refused');
    return refused('The token is not valid', error);
  }
}

function refused(message: string, cause?: unknown): MarketDataError {
  return new MarketDataError('UNAUTHENTICATED', message, false, { cause });
}

function subjectOf({ sub }: JWTPayload): string {
  if (typeof sub === 'string' && sub !== '' && sub.length <= 256) return sub;
  throw refused('The token is refused: "sub" must be a string of 1 to 256 characters');
}

function tierOf(value: unknown, claim: string): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  throw refused(`The token is refused: ${JSON.stringify(claim)} must be a string`);
}
