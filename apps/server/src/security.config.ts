import { IsIn, IsInt, IsOptional, IsString, IsUrl, Max, Min, MinLength } from 'class-validator';
import { EnvKey } from '#domain';

const GUARDINGS = ['auto', 'open', 'token', 'off'];

/** Who may connect, what they may do, and how that is known; docs/security.md says more. */
export class SecurityConfig {
  @EnvKey({ key: 'AUTH', description: 'Credentials of clients: off (never looked at), optional or required' })
  @IsIn(['off', 'optional', 'required'])
  auth = 'off';

  @EnvKey({
    key: 'AUTH_TIMEOUT_MS',
    unit: 'ms',
    description: 'How long a socket client may take to say who it is, where it must',
  })
  @IsInt()
  @Min(100)
  @Max(60_000)
  authTimeoutMs = 10_000;

  @EnvKey({ key: 'JWT_SECRET', description: 'Key of HS256 tokens, at least 32 characters', secret: true })
  @IsOptional()
  @MinLength(32)
  jwtSecret?: string = undefined;

  @EnvKey({ key: 'JWKS_URL', description: 'Where the public keys of RS256 and ES256 tokens are' })
  @IsOptional()
  @IsUrl({ protocols: ['http', 'https'], require_protocol: true, require_tld: false })
  jwksUrl?: string = undefined;

  @EnvKey({
    key: 'JWKS_REFRESH_MS',
    unit: 'ms',
    description: 'Age from which public keys are fetched again; they stay in use meanwhile',
  })
  @IsInt()
  @Min(1000)
  jwksRefreshMs = 300_000;

  @EnvKey({
    key: 'JWKS_COOLDOWN_MS',
    unit: 'ms',
    description: 'Least time between two fetches of public keys, whatever keys tokens name',
  })
  @IsInt()
  @Min(100)
  jwksCooldownMs = 10_000;

  @EnvKey({ key: 'JWT_ISSUER', description: '"iss" tokens must carry; required with JWKS_URL' })
  @IsOptional()
  @IsString()
  jwtIssuer?: string = undefined;

  @EnvKey({ key: 'JWT_AUDIENCE', description: '"aud" tokens must carry; required with JWKS_URL' })
  @IsOptional()
  @IsString()
  jwtAudience?: string = undefined;

  @EnvKey({ key: 'JWT_CLOCK_TOLERANCE_MS', unit: 'ms', description: "How far the issuer's clock may be off" })
  @IsInt()
  @Min(0)
  @Max(300_000)
  jwtClockToleranceMs = 5000;

  @EnvKey({ key: 'JWT_TIER_CLAIM', description: "Claim that names a token's tier" })
  @IsString()
  jwtTierClaim = 'tier';

  @EnvKey({ key: 'API_KEYS_FILE', description: 'JSON file of API keys, hashed; read again when it changes' })
  @IsOptional()
  @IsString()
  apiKeysFile?: string = undefined;

  @EnvKey({
    key: 'TIERS_FILE',
    description: 'JSON file of tiers: limits and symbols; one tier of everything without it',
  })
  @IsOptional()
  @IsString()
  tiersFile?: string = undefined;

  @EnvKey({
    key: 'TRUST_PROXY',
    description: 'Proxies of yours in front of the server: so many entries at the end of X-Forwarded-For are believed',
  })
  @IsInt()
  @Min(0)
  @Max(10)
  trustProxy = 0;

  @EnvKey({
    key: 'METRICS_ACCESS',
    description: "/metrics: open, token (an operator's), off; auto is open with AUTH=off, else token",
  })
  @IsIn(GUARDINGS)
  metricsAccess = 'auto';

  @EnvKey({ key: 'DOCS_ACCESS', description: '/docs: open, token (any), off, auto' })
  @IsIn(GUARDINGS)
  docsAccess = 'auto';

  @EnvKey({
    key: 'ADMIN_ACCESS',
    description: "What changes something or shows others' doings: open, token (an operator's), off, auto",
  })
  @IsIn(GUARDINGS)
  adminAccess = 'auto';

  @EnvKey({
    key: 'TLS_CERT_FILE',
    description: 'Certificate chain in PEM: all doors speak TLS; read again when it changes',
  })
  @IsOptional()
  @IsString()
  tlsCertFile?: string = undefined;

  @EnvKey({ key: 'TLS_KEY_FILE', description: "The certificate's private key in PEM" })
  @IsOptional()
  @IsString()
  tlsKeyFile?: string = undefined;
}
