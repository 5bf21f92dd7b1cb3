import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Log, silentLog } from '#domain';
import { ManualClock } from '../../../../test/support/manual-clock.js';
import { vendorTools } from '../../../../test/support/vendor-tools.js';
import { AccessToken, jwtClaims, jwtExpiry } from './access-token.js';

let clock: ManualClock;
let said: [string, string][];
let folder: string;

beforeEach(() => {
  clock = new ManualClock();
  said = [];
  folder = mkdtempSync(join(tmpdir(), 'token-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const log: Log = {
  ...silentLog,
  warn: (_fields, message) => void said.push(['warn', message]),
  error: (_fields, message) => void said.push(['error', message]),
};

function jwt(claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part(claims)}.x`;
}

function aToken(secret: string | undefined, file = ''): AccessToken {
  const options = { vendor: 'x', file, secret: 'access_token', expiresAt: jwtExpiry };
  return new AccessToken(options, vendorTools({ clock, log, secret: () => secret }));
}

const inMinutes = (minutes: number): string => jwt({ exp: clock.now() / 1000 + minutes * 60 });

it('tells of its end an hour before, more often as it comes, and at the moment it has come', () => {
  const token = aToken(inMinutes(120));
  token.start();
  expect(token.status().state).toBe('valid');
  clock.advance(59 * 60_000);
  expect(said).toEqual([]);
  clock.advance(62 * 60_000);
  expect(said.map(([level]) => level)).toEqual(['warn', 'warn', 'warn', 'warn', 'warn', 'error']);
  expect(token.status().state).toBe('expired');
  clock.advance(600_000);
  expect(said).toHaveLength(6);
  token.stop();
  expect(clock.pending).toBe(0);
});

it('opens nothing once it has expired, and says what to do', () => {
  const token = aToken(inMinutes(1));
  expect(token.current()).toBe(inMinutes(1));
  clock.advance(60_000);
  expect(() => token.current()).toThrow(/expired at 20.*X_SECRET_ACCESS_TOKEN or X_TOKEN_FILE/);
});

it('is read anew from its file, so that a rollover needs no restart', () => {
  const file = join(folder, 'token');
  const token = aToken('never used', file);
  expect(token.status().state).toBe('missing');
  expect(() => token.current()).toThrow(/no access token/);
  writeFileSync(file, `${inMinutes(5)}\n`);
  expect([token.current(), token.status().state]).toEqual([inMinutes(5), 'expiring']);
  clock.advance(300_000);
  writeFileSync(file, inMinutes(1440));
  expect(token.status().state).toBe('valid');
});

it.each(['', 'abc', 'a.b', 'a.b.c', 'a.bnVsbA.c'])('does not take %j for one', (text) => {
  expect(() => jwtClaims(text)).toThrow();
  expect(aToken(text).status().state).toBe('missing');
  expect(() => aToken(text).current()).toThrow(/x: /);
});
