import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { ConfigError, InstrumentMaster, type Log, parseInstrumentsCsv } from '#domain';

const TRIES = 20;
const PAUSE_MS = 500;

/**
 * Loads the instrument master from a file or URL. A URL is tried for about ten seconds, because what serves it may start together with us.
 * @throws ConfigError if it cannot be read or holds a wrong row
 */
export async function loadInstruments(location: string, log: Log): Promise<InstrumentMaster> {
  const text = /^https?:/.test(location) ? await fetchText(location, log) : await readText(location);
  return new InstrumentMaster(parseInstrumentsCsv(text));
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new ConfigError([`INSTRUMENTS: ${JSON.stringify(path)} cannot be read: ${(error as Error).message}`]);
  }
}

async function fetchText(url: string, log: Log): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    try {
      const { statusCode, body } = await request(url, { headersTimeout: 5000, bodyTimeout: 10_000 });
      const text = await body.text();
      if (statusCode === 200) return text;
      throw new Error(`HTTP ${statusCode}`);
    } catch (error) {
      const reason = (error as Error).message;
      if (attempt === TRIES) throw new ConfigError([`INSTRUMENTS: ${url} cannot be read: ${reason}`]);
      log.debug({ url, attempt, reason }, 'instrument master not there yet');
      await sleep(PAUSE_MS);
    }
  }
}
