import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as tlsConnect } from 'node:tls';
import { UnsecuredJWT } from 'jose';
import { generate } from 'selfsigned';
import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { hashApiKey } from '#auth';
import { RawClient } from '../support/raw-client.js';
import { aProduct, type Product } from '../support/running-server.js';
import { AUDIENCE, type Claims, ISSUER, secretToken, TokenIssuer } from '../support/token-issuer.js';
import { until } from '../support/vendor-tools.js';

const SECRET = 'a secret of more than thirty-two characters';
const TIERS = {
  anonymous: 'guest',
  tiers: {
    guest: { symbols: ['NSE:TCS'], connectionsPerAddress: 3 },
    few: { symbols: ['NSE:TATA*', 'NSE:TCS'], symbolsPerConnection: 2, maxFrequency: 2 },
    pair: { connectionsPerUser: 2 },
    slow: { subscriptionsPerMinute: 3, requestsPerMinute: 2, messagesPerSecond: 1 },
    ops: { operator: true },
  },
};

const dir = mkdtempSync(join(tmpdir(), 'tickwire-security-'));
const keysFile = join(dir, 'keys.json');
const tiersFile = join(dir, 'tiers.json');
const newKey = (id: string): string => `tw_${id}_${randomBytes(32).toString('base64url')}`;
const robot = newKey('robot');
const ops = newKey('ops');
const late = newKey('late');
const writeKeys = (...ids: [string, string, string?, string?][]): void =>
  writeFileSync(
    keysFile,
    JSON.stringify({ keys: ids.map(([id, key, tier, expires]) => ({ id, hash: hashApiKey(key), tier, expires })) }),
  );

let issuer: TokenIssuer;
let product: Product;
const sockets: Socket[] = [];
const raws: RawClient[] = [];

const settings = (): Record<string, string> => ({
  JWT_SECRET: SECRET,
  JWKS_URL: issuer.url,
  JWKS_COOLDOWN_MS: '100',
  JWT_ISSUER: ISSUER,
  JWT_AUDIENCE: AUDIENCE,
  JWT_CLOCK_TOLERANCE_MS: '0',
  API_KEYS_FILE: keysFile,
  TIERS_FILE: tiersFile,
});

beforeAll(async () => {
  writeFileSync(tiersFile, JSON.stringify(TIERS));
  writeKeys(['robot', robot], ['ops', ops, 'ops'], ['late', late, undefined, '2020-01-01T00:00:00Z']);
  issuer = await TokenIssuer.start();
  await issuer.rotate('one', 'RS256');
  product = await aProduct({ AUTH: 'required', AUTH_TIMEOUT_MS: '2000', ...settings() });
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.disconnect();
  for (const client of raws.splice(0)) client.close();
});
afterAll(async () => {
  await product.stop();
  rmSync(dir, { recursive: true });
});

const token = (claims: Claims = {}): Promise<string> => secretToken(SECRET, claims);
const bearer = (value: string): { headers: Record<string, string> } => ({
  headers: { Authorization: `Bearer ${value}` },
});

async function raw(headers: Record<string, string> = {}, at = product, query = ''): Promise<RawClient> {
  const client = await RawClient.connect(at.wsUrl + query, { headers });
  raws.push(client);
  return client;
}

function socketIo(options: Partial<ManagerOptions & SocketOptions> = {}, at = product): Socket {
  const socket = io(at.url, { transports: ['websocket'], reconnection: false, forceNew: true, ...options });
  sockets.push(socket);
  return socket;
}

/** The code a Socket.IO client is refused with, or `connected`. */
function outcome(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.once('connected', () => resolve('connected'));
    socket.once('connect_error', (error: Error & { data?: { code: string } }) => resolve(String(error.data?.code)));
  });
}

async function rest(path: string, headers: Record<string, string> = {}, at = product, method = 'GET') {
  const response = await fetch(at.url + path, { headers, method });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: text.startsWith('{') ? JSON.parse(text) : {},
  };
}

const QUOTE = '/api/v1/quotes/NSE:TCS';

describe('whoever shows the wrong thing is refused on every door', () => {
  const publicKeyAsSecret = async (): Promise<string> => {
    const { keys } = (await (await fetch(issuer.url)).json()) as { keys: object[] };
    return secretToken(JSON.stringify(keys[0]));
  };

  it.each<[string, () => Promise<string> | string, string]>([
    ['a token of another secret', () => secretToken(SECRET.toUpperCase()), 'UNAUTHENTICATED'],
    ['an expired token', () => token({ lives: -1 }), 'TOKEN_EXPIRED'],
    ['a token of another issuer', () => token({ issuer: 'https://else.example' }), 'UNAUTHENTICATED'],
    ['a token for another service', () => token({ audience: 'else' }), 'UNAUTHENTICATED'],
    [
      'a token without signature',
      () => new UnsecuredJWT({ sub: 'alice' }).setExpirationTime('1h').setIssuer(ISSUER).setAudience(AUDIENCE).encode(),
      'UNAUTHENTICATED',
    ],
    ['an HS256 token signed with the public key', publicKeyAsSecret, 'UNAUTHENTICATED'],
    ['a token of a tier that does not exist', () => token({ tier: 'gold' }), 'UNAUTHENTICATED'],
    ['no token at all but letters', () => 'letters', 'UNAUTHENTICATED'],
    ['an API key nobody has', () => newKey('nobody'), 'UNAUTHENTICATED'],
    ['a wrong secret under a right id', () => newKey('robot'), 'UNAUTHENTICATED'],
    ['an API key that has expired', () => late, 'TOKEN_EXPIRED'],
  ])('%s', async (_what, make, code) => {
    const shown = await make();
    const answer = await rest(QUOTE, bearer(shown).headers);
    expect([answer.status, answer.body.code, answer.headers.get('www-authenticate')]).toEqual([401, code, 'Bearer']);
    expect((await rest('/api/v1/stream?symbols=NSE:TCS', bearer(shown).headers)).body.code).toBe(code);
    expect(await outcome(socketIo({ auth: { token: shown } }))).toBe(code);
    expect(await outcome(socketIo({ extraHeaders: bearer(shown).headers }))).toBe(code);
    const withHeader = await raw(bearer(shown).headers);
    expect((await withHeader.next('error'))['code']).toBe(code);
    expect((await withHeader.ended()).code).toBe(4401);
    const withMessage = await raw();
    withMessage.send({ action: 'authenticate', token: shown, id: 7 });
    expect(await withMessage.next('error')).toMatchObject({ code, id: 7 });
    expect((await withMessage.ended()).code).toBe(4401);
  });

  it('no credential', async () => {
    expect((await rest(QUOTE)).body.code).toBe('UNAUTHENTICATED');
    expect(await outcome(socketIo())).toBe('UNAUTHENTICATED');
    const silent = await raw();
    const eager = await raw();
    eager.send({ action: 'subscribe', symbols: ['NSE:TCS'] });
    expect((await eager.ended()).code).toBe(4401);
    expect((await silent.ended()).code).toBe(4401);
    for (const client of [silent, eager]) expect(client.messages.map(({ type }) => type)).toEqual(['error']);
    expect(product.hub.clients.size).toBe(0);
  });
});

it('lets in whoever shows the right thing, on every door and in every way', async () => {
  for (const shown of [await token(), await issuer.token(), robot]) {
    expect((await rest(QUOTE, bearer(shown).headers)).status).toBe(200);
    expect(await outcome(socketIo({ auth: { token: shown } }))).toBe('connected');
    await (await raw(bearer(shown).headers)).next('connected');
    const client = await raw();
    client.send({ action: 'authenticate', token: shown, id: 'a' });
    client.send({ action: 'subscribe', symbols: ['NSE:TCS'] });
    await client.next('connected');
    expect(await client.next('authenticated')).toMatchObject({
      id: 'a',
      tier: 'default',
      limits: { maxSymbols: 1000 },
    });
    await client.next('snapshot');
  }
  expect((await rest(QUOTE, { 'X-API-Key': robot })).status).toBe(200);
  expect(await outcome(socketIo({ auth: { apiKey: robot } }))).toBe('connected');
});

it('follows new keys of the issuer, and goes on with those it knows while the issuer is away', async () => {
  const before = await issuer.token();
  expect((await rest(QUOTE, bearer(before).headers)).status).toBe(200);
  await issuer.rotate('two', 'ES256');
  await new Promise((resolve) => setTimeout(resolve, 120));
  const after = await issuer.token();
  expect((await rest(QUOTE, bearer(after).headers)).status).toBe(200);
  expect((await rest(QUOTE, bearer(before).headers)).status).toBe(401);
  const { fetches } = issuer;
  await issuer.rotate('three', 'ES256');
  const unknown = await issuer.token();
  await Promise.all(Array.from({ length: 20 }, () => rest(QUOTE, bearer(unknown).headers)));
  expect(issuer.fetches - fetches).toBeLessThanOrEqual(2);
  await new Promise((resolve) => setTimeout(resolve, 120));
  expect((await rest(QUOTE, bearer(unknown).headers)).status).toBe(200);
  await issuer.stop();
  await new Promise((resolve) => setTimeout(resolve, 120));
  await issuer.rotate('four', 'ES256');
  expect((await rest(QUOTE, bearer(await issuer.token()).headers)).body.code).toBe('UNAUTHENTICATED');
  expect((await rest(QUOTE, bearer(unknown).headers)).status).toBe(200);
});

it('warns before a token ends, ends the connection with it, and lets a new one prolong it', async () => {
  const socket = socketIo({ auth: { token: await token({ lives: 4 }) } });
  const socketErrors: string[] = [];
  const gone = new Promise((resolve) => socket.once('disconnect', resolve));
  socket.on('error', ({ code }: { code: string }) => socketErrors.push(code));
  const left = await raw(bearer(await token({ lives: 4 })).headers);
  const stays = await raw(bearer(await token({ lives: 4 })).headers);
  expect(await stays.next('error')).toMatchObject({ code: 'TOKEN_EXPIRED', retryable: true });
  stays.send({ action: 'authenticate', token: await token({ sub: 'mallory' }) });
  expect(await stays.next('error')).toMatchObject({ code: 'UNAUTHENTICATED' });
  stays.send({ action: 'authenticate', token: await token({ tier: 'few' }) });
  expect(await stays.next('authenticated')).toMatchObject({ tier: 'few', limits: { maxSymbols: 2, maxFrequency: 2 } });
  expect((await left.ended()).code).toBe(4401);
  await gone;
  expect(socketErrors).toEqual(['TOKEN_EXPIRED', 'TOKEN_EXPIRED']);
  expect(stays.closed).toBeUndefined();
});

it('shows a tier only its symbols, on every door', async () => {
  const few = bearer(await token({ sub: 'erin', tier: 'few' })).headers;
  const forbidden = { symbol: 'NSE:SBIN', code: 'FORBIDDEN_SYMBOL' };
  const both = ['NSE:SBIN', 'NSE:TCS'];
  const client = await raw(few, product, '?recent=50');
  client.send({ action: 'subscribe', symbols: both });
  expect(await client.next('subscribed')).toMatchObject({
    symbols: ['NSE:TCS'],
    rejected: [forbidden],
    maxFrequency: 2,
  });
  const answer: unknown = await socketIo({ extraHeaders: few }).emitWithAck('subscribe', {
    symbols: both,
    maxFrequency: 9,
  });
  expect(answer).toMatchObject({ symbols: ['NSE:TCS'], rejected: [forbidden], maxFrequency: 2 });
  const { body } = await rest(`/api/v1/quotes?symbols=${both.join(',')}`, few);
  expect(body).toMatchObject({ quotes: [{ symbol: 'NSE:TCS' }], errors: [forbidden] });
  expect((await rest('/api/v1/quotes/NSE:SBIN', few)).status).toBe(403);
  expect((await rest('/api/v1/stream?symbols=NSE:SBIN', few)).status).toBe(403);
  const open = await raw(bearer(robot).headers);
  open.send({ action: 'subscribe', symbols: both });
  for (const each of both) await open.next('price_update', ({ symbol }) => symbol === each);
  const recent = async (headers: Record<string, string>): Promise<string[]> => {
    const { items } = (await rest('/api/v1/cache/recent?limit=500', headers)).body as {
      items: { quote: { symbol: string } }[];
    };
    return [...new Set(items.map(({ quote }) => quote.symbol))];
  };
  expect(await recent(bearer(robot).headers)).toContain('NSE:SBIN');
  expect(await recent(few)).toEqual(['NSE:TCS']);
  const late_ = await raw(few, product, '?recent=50');
  const { items } = (await late_.next('recent')) as unknown as { items: { quote: { symbol: string } }[] };
  expect(new Set(items.map(({ quote }) => quote.symbol))).toEqual(new Set(['NSE:TCS']));
});

it('takes away what a smaller tier does not allow when a connection changes to it', async () => {
  const client = await raw(bearer(await token()).headers);
  client.send({ action: 'subscribe', symbols: ['NSE:TCS', 'NSE:SBIN', 'NSE:TATASTEEL', 'NSE:TATACONSUM'] });
  await client.next('subscribed');
  client.send({ action: 'authenticate', token: await token({ tier: 'few' }) });
  await client.next('authenticated');
  client.send({ action: 'subscriptions' });
  expect((await client.next('subscriptions'))['symbols']).toMatchObject([
    { symbol: 'NSE:TCS', maxFrequency: 2 },
    { symbol: 'NSE:TATASTEEL', maxFrequency: 2 },
  ]);
  const lost = client.messages.filter(({ type }) => type === 'error').map(({ code, symbol }) => [code, symbol]);
  expect(lost).toEqual([
    ['FORBIDDEN_SYMBOL', 'NSE:SBIN'],
    ['SUBSCRIPTION_LIMIT_EXCEEDED', 'NSE:TATACONSUM'],
  ]);
});

it('limits a user: connections, subscriptions and requests in a minute, messages in a second', async () => {
  const few = bearer(await token({ sub: 'bob', tier: 'pair' })).headers;
  await (await raw(few)).next('connected');
  expect(await outcome(socketIo({ extraHeaders: few }))).toBe('connected');
  const third = await raw(few);
  expect((await third.ended()).code).toBe(1013);
  expect(await outcome(socketIo({ extraHeaders: few }))).toBe('CONNECTION_LIMIT');
  expect((await rest('/api/v1/stream?symbols=NSE:TCS', few)).body.code).toBe('CONNECTION_LIMIT');
  await (await raw(bearer(await token({ sub: 'carol', tier: 'pair' })).headers)).next('connected');

  const slow = bearer(await token({ sub: 'dave', tier: 'slow' })).headers;
  const first = await raw(slow);
  first.send({ action: 'subscribe', symbols: ['NSE:TCS', 'NSE:SBIN'] });
  await first.next('subscribed');
  first.close();
  // connecting anew gives nothing back
  const again = await raw(slow);
  again.send({ action: 'subscribe', symbols: ['NSE:TCS', 'NSE:SBIN'] });
  expect(await again.next('subscribed')).toMatchObject({
    symbols: ['NSE:TCS'],
    rejected: [{ symbol: 'NSE:SBIN', code: 'RATE_LIMITED' }],
  });
  // one may come at once; the others are more than come back while they are read
  for (let i = 0; i < 4; i++) again.send({ action: 'ping' });
  expect((await again.next('error'))['code']).toBe('RATE_LIMITED');
  const statuses = [];
  for (let i = 0; i < 3; i++) statuses.push((await rest(`/api/v1/symbols?limit=${i + 1}`, slow)).status);
  expect(statuses).toEqual([200, 200, 429]);
  const refused = await rest(QUOTE, slow);
  expect(refused.body).toMatchObject({ code: 'RATE_LIMITED', status: 429 });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
});

it('guards metrics, documents and whatever changes something', async () => {
  const [user, operator] = [bearer(robot).headers, bearer(ops).headers];
  const routes: [string, string][] = [
    ['GET', '/metrics'],
    ['GET', '/api/v1/subscriptions'],
    ['GET', '/api/v1/validation'],
    ['DELETE', '/api/v1/cache/recent'],
  ];
  for (const [method, path] of routes) {
    const statuses = [];
    for (const headers of [{}, user, operator]) statuses.push((await rest(path, headers, product, method)).status);
    expect([path, statuses]).toEqual([path, [401, 403, 200]]);
  }
  expect((await rest('/docs/openapi.json')).status).toBe(401);
  expect((await rest('/docs/openapi.json', user)).status).toBe(200);
  expect((await rest('/health')).status).toBe(200);
  expect((await rest('/health')).headers.get('x-content-type-options')).toBe('nosniff');
});

it('ends the sessions of an API key that is revoked, and only those', async () => {
  const client = await raw(bearer(robot).headers);
  const socket = socketIo({ auth: { apiKey: robot } });
  const reason = new Promise<{ code: string }>((resolve) => socket.once('error', resolve));
  await Promise.all([client.next('connected'), outcome(socket)]);
  const other = await raw(bearer(ops).headers);
  await other.next('connected');
  writeFileSync(keysFile, '{"keys": [');
  await new Promise((resolve) => setTimeout(resolve, 1200));
  expect(client.closed).toBeUndefined();
  // the same id with another secret is another key
  writeKeys(['robot', newKey('robot')], ['ops', ops, 'ops']);
  expect((await client.ended()).code).toBe(4401);
  expect(await reason).toMatchObject({ code: 'UNAUTHENTICATED', retryable: false });
  expect((await rest(QUOTE, bearer(robot).headers)).status).toBe(401);
  expect(other.closed).toBeUndefined();
});

it('takes clients without credential where it may, by address behind a trusted proxy, and never a wrong one', async () => {
  const optional = await aProduct({
    AUTH: 'optional',
    TRUST_PROXY: '1',
    METRICS_ACCESS: 'off',
    DOCS_ACCESS: 'off',
    ALLOWED_ORIGINS: 'https://good.example',
    ...settings(),
  });
  try {
    const from = (address: string): Promise<RawClient> => raw({ 'X-Forwarded-For': `1.1.1.1, ${address}` }, optional);
    const first = await from('203.0.113.7');
    first.send({ action: 'subscribe', symbols: ['NSE:TCS', 'NSE:SBIN'] });
    expect(await first.next('subscribed')).toMatchObject({ symbols: ['NSE:TCS'] });
    await from('203.0.113.7');
    await from('203.0.113.7');
    expect((await (await from('203.0.113.7')).ended()).code).toBe(1013);
    await (await from('203.0.113.8')).next('connected');
    first.send({ action: 'authenticate', token: await token() });
    expect(await first.next('authenticated')).toMatchObject({ tier: 'default', expiresAt: expect.any(Number) });
    expect(await outcome(socketIo({ auth: { token: 'wrong' } }, optional))).toBe('UNAUTHENTICATED');
    expect((await rest(QUOTE, bearer('wrong').headers, optional)).status).toBe(401);
    for (const path of ['/metrics', '/docs', '/docs/openapi.json'])
      expect((await rest(path, bearer(ops).headers, optional)).status).toBe(404);
    const evil = { Origin: 'https://evil.example' };
    expect((await raw(evil, optional)).closed).toBeDefined();
    expect((await rest(QUOTE, evil, optional)).headers.get('access-control-allow-origin')).toBeNull();
  } finally {
    await optional.stop();
  }
});

async function issueCertificate(cert: string, key: string): Promise<void> {
  const issued = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  });
  writeFileSync(cert, issued.cert);
  writeFileSync(key, issued.private);
}

/** Fingerprint of the certificate a server shows. */
function shownBy(url: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = tlsConnect({ host: hostname, port: Number(port), rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

it('speaks TLS on all doors, and takes up a renewed certificate', async () => {
  const [cert, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
  await issueCertificate(cert, key);
  const secure = await aProduct({ TLS_CERT_FILE: cert, TLS_KEY_FILE: key });
  try {
    expect(secure.url).toMatch(/^https:/);
    const ca = readFileSync(cert);
    const hsts = await new Promise((resolve, reject) => {
      httpsRequest(`${secure.url}/health/live`, { ca }, (response) => {
        response.resume();
        resolve(response.headers['strict-transport-security']);
      })
        .on('error', reject)
        .end();
    });
    expect(hsts).toContain('max-age');
    const client = await RawClient.connect(secure.wsUrl, { ca });
    raws.push(client);
    client.send({ action: 'subscribe', symbols: ['NSE:TCS'] });
    await client.next('price_update');
    const socket = socketIo({ ca: ca.toString() }, secure);
    const update = new Promise((resolve) => socket.once('price_update', resolve));
    await socket.emitWithAck('subscribe', { symbols: ['NSE:TCS'] });
    await update;
    await until('both', () => secure.hub.clients.size === 2);
    const before = await shownBy(secure.url);
    await issueCertificate(cert, key);
    let shown = before;
    while (shown === before) {
      shown = await shownBy(secure.url);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(secure.hub.clients.size).toBe(2);
  } finally {
    await secure.stop();
  }
});

it.each<[string, Record<string, string>, RegExp]>([
  ['no way to show a credential', { AUTH: 'required' }, /AUTH: "required" needs JWT_SECRET/],
  ['a JWKS of everybody', { JWKS_URL: 'https://issuer.example/jwks' }, /JWKS_URL: needs JWT_ISSUER and JWT_AUDIENCE/],
  ['a certificate without key', { TLS_CERT_FILE: 'x' }, /TLS_KEY_FILE: one needs the other/],
  ['a guard nobody can pass', { METRICS_ACCESS: 'token' }, /METRICS_ACCESS: "token" needs/],
  ['a key file that is not there', { API_KEYS_FILE: join(dir, 'none') }, /API_KEYS_FILE: .*cannot be read/],
])('does not start with %s', async (_what, env, message) => {
  await expect(aProduct(env)).rejects.toThrow(message);
});
