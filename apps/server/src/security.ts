import {
  ApiKeys,
  Authenticator,
  type AuthMode,
  type BuiltInLimits,
  remoteKeys,
  TierBook,
  TokenVerifier,
  WatchedFile,
} from '#auth';
import { type Clock, ConfigError, type Log } from '#domain';
import type { AccessRules, Guarding } from '#gateway';
import { readConfigFile } from './config-file.js';
import type { SecurityConfig } from './security.config.js';

/** Who is asked for what, ready for the doors. */
export interface Security {
  readonly authenticator: Authenticator;
  readonly access: AccessRules;
  /** Follows changes of the API keys file. */
  start(): void;
  stop(): void;
}

/**
 * Reads what security is made of: files, keys, rules.
 * @throws ConfigError naming every setting or place in a file that is wrong
 */
export async function loadSecurity(
  config: SecurityConfig,
  limits: BuiltInLimits,
  clock: Clock,
  log: Log,
): Promise<Security> {
  checkSettings(config);
  const { tiersFile, apiKeysFile } = config;
  const tiers =
    tiersFile === undefined
      ? TierBook.builtIn(limits)
      : TierBook.parse(await readConfigFile('TIERS_FILE', tiersFile), `TIERS_FILE ${tiersFile}`, limits);
  const parseKeys = (text: string): ApiKeys =>
    ApiKeys.parse(text, `API_KEYS_FILE ${apiKeysFile}`, (name) => tiers.named(name) !== undefined);

  let keys: ApiKeys | undefined;
  let watched: WatchedFile | undefined;
  if (apiKeysFile !== undefined) {
    const text = await readConfigFile('API_KEYS_FILE', apiKeysFile);
    keys = parseKeys(text);
    watched = new WatchedFile(apiKeysFile, text, clock, log);
  }
  const tokens = tokenVerifier(config, clock, log);
  const authenticator = new Authenticator(config.auth as AuthMode, tiers, tokens, keys, clock, log);
  return {
    authenticator,
    access: accessRules(config),
    start: () => watched?.start((text) => authenticator.replaceKeys(parseKeys(text))),
    stop: () => watched?.stop(),
  };
}

function tokenVerifier(config: SecurityConfig, clock: Clock, log: Log): TokenVerifier | undefined {
  const { jwtSecret: secret, jwksUrl, jwtIssuer: issuer, jwtAudience: audience } = config;
  if (secret === undefined && jwksUrl === undefined) return undefined;
  const refresh = { refreshMs: config.jwksRefreshMs, cooldownMs: config.jwksCooldownMs };
  const publicKeys = jwksUrl === undefined ? undefined : remoteKeys({ url: jwksUrl, ...refresh }, clock, log);
  const { jwtClockToleranceMs: clockToleranceMs, jwtTierClaim: tierClaim } = config;
  return new TokenVerifier({ secret, publicKeys, issuer, audience, clockToleranceMs, tierClaim }, clock, log);
}

function accessRules({ auth, metricsAccess, docsAccess, adminAccess }: SecurityConfig): AccessRules {
  const resolved = (given: string): Guarding =>
    given === 'auto' ? (auth === 'off' ? 'open' : 'token') : (given as Guarding);
  return { metrics: resolved(metricsAccess), docs: resolved(docsAccess), admin: resolved(adminAccess) };
}

function checkSettings(config: SecurityConfig): void {
  const { jwtSecret, jwksUrl, jwtIssuer, jwtAudience, apiKeysFile, auth, tlsCertFile, tlsKeyFile } = config;
  const problems: string[] = [];
  const canVerify = (jwtSecret ?? jwksUrl ?? apiKeysFile) !== undefined;
  const guarded = Object.entries(accessRules(config)).filter(([, guarding]) => guarding === 'token');
  if (!canVerify && auth !== 'off')
    problems.push(`AUTH: "${auth}" needs JWT_SECRET, JWKS_URL or API_KEYS_FILE, or nobody could show a credential`);
  else if (!canVerify && guarded.length > 0)
    problems.push(
      `${guarded.map(([name]) => `${name.toUpperCase()}_ACCESS`).join(', ')}: "token" needs JWT_SECRET, JWKS_URL or API_KEYS_FILE`,
    );
  // an identity provider signs tokens for many services, and all of them would be let in
  if (jwksUrl !== undefined && (jwtIssuer === undefined || jwtAudience === undefined))
    problems.push('JWKS_URL: needs JWT_ISSUER and JWT_AUDIENCE');
  if ((tlsCertFile === undefined) !== (tlsKeyFile === undefined))
    problems.push('TLS_CERT_FILE, TLS_KEY_FILE: one needs the other');
  if (problems.length > 0) throw new ConfigError(problems);
}
