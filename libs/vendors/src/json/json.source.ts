import { ConfigError, type Instrument, VendorFrameError, VendorRateLimitError } from '#domain';
import type { VendorTools } from '../define-vendor.js';
import { HttpSource, type Outcome } from '../transports/http-source.js';
import { VendorRefusedError } from '../transports/vendor-refused.error.js';
import { readAnswer } from './json-answer.js';
import { compiled, JsonMapper } from './json-mapper.js';
import { type HttpPart, type JsonMapping, SYMBOL_PLACE } from './json-mapping.js';
import { compileMeaning } from './json-meaning.js';
import type { JsonSecrets } from './json-secrets.js';
import type { JsonSymbols } from './json-symbols.js';
import { fill } from './json-template.js';

const VENDOR = 'json';
/** A batch is answered as a whole, so a large one keeps early answers waiting for late ones. */
const CALLS_PER_BATCH = 20;

/**
 * The quotes on request of a mapping.
 * @throws ConfigError for a path or URL that cannot be read, and for a secret that is not set
 */
export function jsonSource(
  mapping: JsonMapping & { readonly http: HttpPart },
  symbols: JsonSymbols,
  secrets: JsonSecrets,
  tools: VendorTools,
): HttpSource {
  const { http } = mapping;
  const { url, headers } = secrets.fillIn({ url: http.url, headers: http.headers });
  const mapper = new JsonMapper(mapping, VENDOR, (name) => symbols.instrumentOf(name));
  const meaning = compileMeaning(mapping);

  const read = (body: string, asked: readonly Instrument[]): Outcome[] => {
    const frame = parseJson(body);
    const said = meaning(frame);
    // many vendors send their refusals and limits with a good status
    if (said?.kind === 'fatal') throw new VendorRefusedError(VENDOR, secrets.redact(said.reason));
    if (said?.kind === 'cooldown') throw new VendorRateLimitError(VENDOR, said.ms);
    return readAnswer(frame, mapper, asked, tools.clock.now());
  };

  return new HttpSource(
    {
      id: `${VENDOR}-http`,
      vendor: VENDOR,
      origin: originOf(url),
      headers: { Accept: 'application/json', ...headers },
      batchSize: CALLS_PER_BATCH * http.perCall,
      perCall: http.perCall,
      concurrency: http.concurrency,
      requestsPerSecond: http.requestsPerSecond,
      burst: http.burst,
      timeoutMs: http.timeoutMs,
      maxBytes: 4_194_304,
      tries: 3,
      backoff: { baseMs: 250, maxMs: 4000 },
      breaker: { threshold: 5, openMs: 5000, maxOpenMs: 60_000 },
      refusedMs: 300_000,
      longestPauseMs: 10_000,
      carries: (instrument) => symbols.carries(instrument),
      ask: async (client, instruments) => {
        const { pathname, search } = new URL(withSymbols(url, symbols.namesOf(instruments), http));
        const { body } = await client.get(pathname + search);
        try {
          return read(body, instruments);
        } catch (error) {
          // an answer may repeat the key it was asked with
          if (error instanceof VendorFrameError) throw withoutSecrets(error, secrets);
          throw error;
        }
      },
    },
    tools,
  );
}

/** The URL of a call. Symbols are encoded, so that none can change what is asked. */
export function withSymbols(url: string, names: readonly string[], { symbol, join }: HttpPart): string {
  const symbols = names.map((vendorSymbol) =>
    encodeURIComponent(fill(symbol, (name) => (name === 'vendorSymbol' ? vendorSymbol : undefined)) ?? ''),
  );
  return url.replace(SYMBOL_PLACE, () => symbols.join(join));
}

function originOf(url: string): string {
  const [origin, other] = ['a', 'b'].map((name) =>
    compiled('http.url', () => new URL(url.replace(SYMBOL_PLACE, name)).origin),
  );
  if (origin === undefined || origin !== other)
    throw new ConfigError(['JSON_MAPPING: http.url: the host must not depend on the symbol']);
  return origin;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new VendorFrameError(VENDOR, (error as Error).message, text);
  }
}

function withoutSecrets({ message, sample }: VendorFrameError, secrets: JsonSecrets): VendorFrameError {
  const reason = message.slice(`${VENDOR}: `.length);
  return new VendorFrameError(VENDOR, secrets.redact(reason), secrets.redact(sample));
}
