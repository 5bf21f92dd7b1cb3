import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { ConfigError, readEnv } from '#domain';
import { ServerConfig } from './config.js';
import { SecurityConfig } from './security.config.js';
import { envExample } from './env-example.js';

it('is what .env.example holds; "npm run docs:env" writes it', async () => {
  expect(await readFile('.env.example', 'utf8')).toBe(envExample());
});

it('shows defaults that are valid', () => {
  expect(readEnv(ServerConfig, {})).toMatchObject({ port: 3000, vendors: ['bse', 'json'], conflationMs: 25 });
});

it('names every wrong setting at once, with what it must be', () => {
  const read = (): unknown =>
    readEnv(ServerConfig, {
      PORT: 'x',
      CONFLATION_MS: '5000',
      VENDORS: ' a , b ',
      ESSENTIAL: 'reliance',
    });
  expect(read).toThrow(ConfigError);
  expect(read).toThrow(
    /PORT: "x" is refused.*\n.*ESSENTIAL: "reliance".*\n.*CONFLATION_MS: "5000" is refused; it must not be greater than 1000/,
  );
});

it('reads lists and numbers, and takes empty as absent', () => {
  const config = readEnv(ServerConfig, { VENDORS: ' json , bse ', PORT: '', CONFLATION_MS: '0' });
  expect(config).toMatchObject({ vendors: ['json', 'bse'], port: 3000, conflationMs: 0 });
});

it('never shows a secret that it refuses', () => {
  const read = (): unknown => readEnv(SecurityConfig, { JWT_SECRET: 'too-short-to-be-safe' });
  expect(read).toThrow(/JWT_SECRET: the value given is refused/);
  expect(read).not.toThrow(/too-short/);
});
