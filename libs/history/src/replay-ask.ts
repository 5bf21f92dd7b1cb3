import { request } from 'undici';
import { MarketDataError } from '#domain';
import type { HistoryEngine } from './history-engine.js';
import type { AskTicks } from './replay-rows.js';

/** One read of a recording takes this long at most, ms. */
const MAX_MS = 60_000;

/** Asks the history at hand, once it is there. @throws MarketDataError `HISTORY_UNAVAILABLE` where there is none */
export function askEngine(engineOf: () => HistoryEngine | undefined): AskTicks {
  return async (sql, params) => {
    const engine = engineOf();
    if (engine === undefined) throw new MarketDataError('HISTORY_UNAVAILABLE', 'There is no history here', false);
    await engine.ready();
    // `ticks` is what clients call it
    const own = sql.replaceAll('FROM ticks', 'FROM tickwire.ticks');
    return engine.bytes(own, 'JSONEachRow', params, { maxMs: MAX_MS, readOnly: true });
  };
}

/**
 * Asks a running server by its query route.
 * @param apiKey of a tier that sees all symbols, where the server asks for a credential
 * @throws MarketDataError `HISTORY_UNAVAILABLE` when it does not answer, or refuses
 */
export function askServer(url: string, apiKey: string | undefined): AskTicks {
  return async (sql, params) => {
    const { statusCode, body } = await request(new URL('/api/v1/query', url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(apiKey !== undefined && { 'x-api-key': apiKey }) },
      body: JSON.stringify({ sql, params, format: 'ndjson' }),
      headersTimeout: MAX_MS,
      bodyTimeout: MAX_MS,
    }).catch((error: unknown) => {
      throw refused(url, (error as Error).message);
    });
    const answer = Buffer.from(await body.arrayBuffer());
    if (statusCode === 200) return answer;
    throw refused(url, `HTTP ${statusCode} ${answer.toString('utf8', 0, 300)}`);
  };
}

function refused(url: string, why: string): MarketDataError {
  return new MarketDataError('HISTORY_UNAVAILABLE', `${url} does not tell its history: ${why}`, true);
}
