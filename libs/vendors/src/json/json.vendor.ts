import { readFileSync } from 'node:fs';
import { ConfigError } from '#domain';
import { defineVendor } from '../define-vendor.js';
import { compiled } from './json-mapper.js';
import { isStream, readMapping } from './json-mapping.js';
import { JsonSecrets } from './json-secrets.js';
import { JsonSymbols } from './json-symbols.js';
import { JsonEnv } from './json.env.js';
import { jsonSource } from './json.source.js';
import { jsonStream } from './json.stream.js';
import { sandboxMapping } from './sandbox-mapping.js';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Any vendor that speaks JSON, streamed over a WebSocket or on request over HTTP, mapped by a file instead of code. */
export const json = defineVendor({
  id: 'json',
  env: JsonEnv,
  connect(env, tools) {
    const name = env.mapping || 'JSON_MAPPING';
    const mapping = readMapping(overridden(env.mapping === '' ? sandboxMapping : readFile(env.mapping), env), name);
    refuseInsecure('JSON_URL', mapping.url, env.allowInsecure);
    refuseInsecure('JSON_HTTP_URL', mapping.http?.url, env.allowInsecure);

    const symbols = new JsonSymbols(mapping.vendorSymbol, mapping.exchanges);
    const secrets = new JsonSecrets(tools.secret);
    const { http } = mapping;
    return {
      feeds: isStream(mapping) ? [jsonStream(mapping, symbols, secrets, tools)] : [],
      sources: http === undefined ? [] : [jsonSource({ ...mapping, http }, symbols, secrets, tools)],
    };
  },
});

function readFile(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new ConfigError([`JSON_MAPPING: ${JSON.stringify(path)} cannot be read: ${(error as Error).message}`]);
  }
}

/** A mapping with the URLs of the environment in place of its own, where it has some. */
function overridden(mapping: unknown, { url, httpUrl }: JsonEnv): unknown {
  if (typeof mapping !== 'object' || mapping === null) return mapping;
  const given = mapping as { readonly url?: unknown; readonly http?: object };
  return {
    ...given,
    ...(url !== '' && given.url !== undefined && { url }),
    ...(httpUrl !== '' && given.http && { http: { ...given.http, url: httpUrl } }),
  };
}

/** Prices and credentials do not cross a network in the clear unless somebody has said so. */
function refuseInsecure(key: string, url: string | undefined, isAllowed: boolean): void {
  if (url === undefined) return;
  const { protocol, hostname } = compiled('url', () => new URL(url));
  if (protocol === 'wss:' || protocol === 'https:' || isAllowed || LOOPBACK.has(hostname)) return;
  const secure = key === 'JSON_URL' ? 'wss' : 'https';
  throw new ConfigError([
    `${key}: ${protocol}//${hostname} is not encrypted; use ${secure}:// or set JSON_ALLOW_INSECURE=true`,
  ]);
}
