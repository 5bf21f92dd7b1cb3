import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { MarketDataError } from '#domain';
import type { HistoryEngine } from './history-engine.js';
import type { AskTicks } from './replay-rows.js';

/** One read of a recording takes this long at most, ms. */
const MAX_MS = 60_000;
/** A server that limits its readers, or is busy for a moment: too many requests, unavailable. */
const BUSY: ReadonlySet<number> = new Set([429, 503]);
const MAX_TRIES = 6;
const FIRST_PAUSE_MS = 250;

/** Asks the history at hand, once it is there. @throws MarketDataError `HISTORY_UNAVAILABLE` where there is none */
export function askEngine(engineOf: () => HistoryEngine | undefined): AskTicks {
  return async (sql, params) => {
    const engine = engineOf();
    if (engine === undefined) throw new MarketDataError('HISTORY_UNAVAILABLE', 'There is no history here', false);
    await engine.ready();
    // that is what clients call them
    const own = sql.replaceAll(/FROM (?=ticks|candles_1m)/g, 'FROM tickwire.');
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
    for (let tries = 1; ; tries++) {
      const { statusCode, headers, body } = await request(new URL('/api/v1/query', url), {
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
      if (!BUSY.has(statusCode) || tries === MAX_TRIES)
        throw refused(url, `HTTP ${statusCode} ${answer.toString('utf8', 0, 300)}`);
      await sleep(pauseMs(headers['retry-after'], tries));
    }
  };
}

/** As long as the server says, or longer from time to time. */
function pauseMs(retryAfter: string | string[] | undefined, tries: number): number {
  const seconds = Number(retryAfter);
  const wantedMs = Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : FIRST_PAUSE_MS * 2 ** (tries - 1);
  return Math.min(wantedMs, MAX_MS);
}

function refused(url: string, why: string): MarketDataError {
  return new MarketDataError('HISTORY_UNAVAILABLE', `${url} does not tell its history: ${why}`, true);
}
