import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { unknownNames } from './dotenv.mjs';

const example = readFileSync(new URL('../.env.example', import.meta.url), 'utf8');

it('names settings that nobody reads', () => {
  expect(unknownNames('CONFLATON_MS=100\nPORT=3001\nHISTORY_DIRR=x\n', example)).toEqual([
    'CONFLATON_MS',
    'HISTORY_DIRR',
  ]);
});

it('knows every setting of the example, and does not look at comments', () => {
  expect(unknownNames(example.replaceAll(/^#(?=[A-Z])/gm, ''), example)).toEqual([]);
  expect(unknownNames('# CONFLATON_MS=100\n', example)).toEqual([]);
});

it('leaves secrets, the sandbox and Node alone', () => {
  const text = 'FYERS_SECRET_ACCESS_TOKEN=a\nSANDBOX=off\nSANDBOX_SEED=2\nNODE_ENV=production\nTZ=UTC\n';
  expect(unknownNames(text, example)).toEqual([]);
});

it('leaves alone what Node reads by itself on the way to vendors', () => {
  const names =
    'HTTPS_PROXY HTTP_PROXY NO_PROXY https_proxy SSL_CERT_FILE SSL_CERT_DIR OPENSSL_CONF UV_THREADPOOL_SIZE';
  const text = [...names.split(' '), 'PROXY'].map((name) => `${name}=a\n`).join('');
  expect(unknownNames(text, example)).toEqual(['PROXY']);
});
