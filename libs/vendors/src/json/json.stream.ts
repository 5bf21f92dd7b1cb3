import type { VendorTools } from '../define-vendor.js';
import { WsFeed } from '../transports/ws-feed.js';
import { JsonMapper } from './json-mapper.js';
import type { StreamMapping } from './json-mapping.js';
import { compileMeaning } from './json-meaning.js';
import type { JsonSecrets } from './json-secrets.js';
import type { JsonSymbols } from './json-symbols.js';
import { symbolMessages } from './json-template.js';

const VENDOR = 'json';

/** The stream of a mapping. @throws ConfigError for a path that cannot be read, and for a secret that is not set */
export function jsonStream(
  mapping: StreamMapping,
  symbols: JsonSymbols,
  secrets: JsonSecrets,
  tools: VendorTools,
): WsFeed {
  const { headers, onOpen, url, subscribe, unsubscribe, heartbeat } = secrets.fillIn({ ...mapping, http: undefined });
  const mapper = new JsonMapper(mapping, VENDOR, (name) => symbols.instrumentOf(name));
  const meaning = compileMeaning(mapping);
  return new WsFeed(
    {
      id: VENDOR,
      vendor: VENDOR,
      url: () => url,
      headers,
      limits: { sockets: mapping.maxSockets, symbolsPerSocket: mapping.symbolsPerSocket },
      carries: (instrument) => symbols.carries(instrument),
      onOpen: () => onOpen.map((message) => JSON.stringify(message)),
      awaitsReady: mapping.ready !== undefined,
      subscribe: (instruments) => symbolMessages(subscribe, symbols.namesOf(instruments)),
      unsubscribe: (instruments) => symbolMessages(unsubscribe, symbols.namesOf(instruments)),
      messageGapMs: mapping.messageGapMs,
      heartbeat: heartbeat && { everyMs: heartbeat.everyMs, message: JSON.stringify(heartbeat.body) },
      parse: (data, _isBinary, receivedAt, { malformed }) =>
        mapper.ticks(JSON.parse(data.toString()), receivedAt, malformed),
      signal: (data) => meaning(JSON.parse(data.toString())),
      redact: secrets.redact,
      deadAfterMs: mapping.deadAfterMs,
      handshakeMs: 10_000,
      maxFrameBytes: 4_194_304,
      backoff: { baseMs: 500, maxMs: 30_000 },
      lingerMs: 10_000,
    },
    tools,
  );
}
