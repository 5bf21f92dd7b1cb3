import { readFileSync } from 'node:fs';
import { ConfigError, type Instrument, type InstrumentId } from '#domain';
import { defineVendor } from '../define-vendor.js';
import { type FrameSignal, WsFeed } from '../transports/ws-feed.js';
import { compileCondition, compiled, JsonMapper } from './json-mapper.js';
import { type JsonMapping, readMapping } from './json-mapping.js';
import { symbolMessages, vendorSymbolOf, withSecrets } from './json-template.js';
import { JsonEnv } from './json.env.js';
import { sandboxMapping } from './sandbox-mapping.js';

const VENDOR = 'json';
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Any vendor that streams JSON over a WebSocket, mapped by a file instead of code. */
export const json = defineVendor({
  id: VENDOR,
  env: JsonEnv,
  connect(env, tools) {
    const mapping = readMapping(
      env.mapping === '' ? sandboxMapping : readFile(env.mapping),
      env.mapping || 'JSON_MAPPING',
    );
    const { url, headers, onOpen } = withSecrets({ ...mapping, url: env.url || mapping.url }, tools.secret);
    refuseInsecure(url, env.allowInsecure);

    const ids = new Map<string, InstrumentId>();
    const mapper = new JsonMapper(mapping, VENDOR, (vendorSymbol) => ids.get(vendorSymbol));
    const symbols = (instruments: readonly Instrument[]): string[] =>
      instruments.flatMap((instrument) => {
        const vendorSymbol = vendorSymbolOf(mapping.vendorSymbol, instrument);
        if (vendorSymbol === undefined) return [];
        ids.set(vendorSymbol, instrument.id);
        return [vendorSymbol];
      });

    const feed = new WsFeed(
      {
        id: VENDOR,
        vendor: VENDOR,
        url: () => url,
        headers,
        limits: { sockets: mapping.maxSockets, symbolsPerSocket: mapping.symbolsPerSocket },
        carries: (instrument) =>
          mapping.exchanges.includes(instrument.exchange) &&
          vendorSymbolOf(mapping.vendorSymbol, instrument) !== undefined,
        onOpen: () => onOpen.map((message) => JSON.stringify(message)),
        awaitsReady: mapping.ready !== undefined,
        subscribe: (instruments) => symbolMessages(mapping.subscribe, symbols(instruments)),
        unsubscribe: (instruments) => symbolMessages(mapping.unsubscribe, symbols(instruments)),
        messageGapMs: mapping.messageGapMs,
        heartbeat: mapping.heartbeat && {
          everyMs: mapping.heartbeat.everyMs,
          message: JSON.stringify(mapping.heartbeat.body),
        },
        parse: (data, _isBinary, receivedAt) => mapper.ticks(JSON.parse(data.toString()), receivedAt),
        signal: signals(mapping),
        deadAfterMs: mapping.deadAfterMs,
        handshakeMs: 10_000,
        maxFrameBytes: 4_194_304,
        backoff: { baseMs: 500, maxMs: 30_000 },
        lingerMs: 10_000,
      },
      tools,
    );
    return { feeds: [feed], sources: [] };
  },
});

function readFile(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new ConfigError([`JSON_MAPPING: ${JSON.stringify(path)} cannot be read: ${(error as Error).message}`]);
  }
}

/** Prices and credentials do not cross a network in the clear unless somebody has said so. */
function refuseInsecure(url: string, isAllowed: boolean): void {
  const { protocol, hostname } = compiled('url', () => new URL(url));
  if (protocol === 'wss:' || isAllowed || LOOPBACK.has(hostname)) return;
  throw new ConfigError([
    `JSON_URL: ${protocol}//${hostname} is not encrypted; use wss:// or set JSON_ALLOW_INSECURE=true`,
  ]);
}

/** What a frame without ticks means, by the mapping's conditions. A list is looked at item by item. */
function signals({ ready, fatal, cooldown }: JsonMapping): (data: Buffer) => FrameSignal | undefined {
  const isReady = ready && compiled('ready', () => compileCondition(ready.when));
  const isFatal = fatal.map((condition, i) => compiled(`fatal.${i}`, () => compileCondition(condition)));
  const cools = cooldown.map((condition, i) => ({
    ms: condition.ms,
    test: compiled(`cooldown.${i}`, () => compileCondition(condition)),
  }));
  return (data) => {
    const frame: unknown = JSON.parse(data.toString());
    for (const record of Array.isArray(frame) ? (frame as unknown[]) : [frame]) {
      const reason = `the vendor said ${JSON.stringify(record).slice(0, 120)}`;
      if (isFatal.some((test) => test(record))) return { kind: 'fatal', reason };
      const cool = cools.find(({ test }) => test(record));
      if (cool !== undefined) return { kind: 'cooldown', ms: cool.ms, reason };
      if (isReady?.(record)) return { kind: 'ready' };
    }
    return undefined;
  };
}
