import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

export const ISSUER = 'https://issuer.example';
export const AUDIENCE = 'tickwire';

/** What a test's token says beside issuer and audience. */
export interface Claims {
  readonly sub?: string;
  readonly tier?: string;
  /** Seconds from now; may be negative. */
  readonly lives?: number;
  readonly issuer?: string;
  readonly audience?: string;
}

function unsigned({ sub = 'alice', tier, lives = 600, issuer = ISSUER, audience = AUDIENCE }: Claims): SignJWT {
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({ sub, ...(tier !== undefined && { tier }) })
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt(now - 3600)
    .setExpirationTime(now + lives);
}

/** An HS256 token. */
export function secretToken(secret: string, claims: Claims = {}): Promise<string> {
  return unsigned(claims).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(secret));
}

/** An identity provider: a JWKS over real HTTP, whose keys can be changed and which can go away. */
export class TokenIssuer {
  fetches = 0;
  private keys: { kid: string; alg: string; key: CryptoKey; jwk: JWK }[] = [];

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(): Promise<TokenIssuer> {
    const server = createServer((_request, response) => {
      issuer.fetches++;
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify({ keys: issuer.keys.map(({ jwk }) => jwk) }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const issuer = new TokenIssuer(server, `http://127.0.0.1:${port}/jwks`);
    return issuer;
  }

  /** Publishes one new key in place of all others. */
  async rotate(kid: string, alg: 'RS256' | 'ES256'): Promise<JWK> {
    const { publicKey, privateKey } = await generateKeyPair(alg);
    const jwk = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' };
    this.keys = [{ kid, alg, key: privateKey, jwk }];
    return jwk;
  }

  /** A token signed with the newest key. */
  token(claims: Claims = {}): Promise<string> {
    const { kid, alg, key } = this.keys[0] as (typeof this.keys)[number];
    return unsigned(claims).setProtectedHeader({ alg, kid }).sign(key);
  }

  stop(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}
