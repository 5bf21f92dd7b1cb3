import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import {
  ConfigError,
  ExchangeCalendar,
  InstrumentMaster,
  type Log,
  parseHolidaysCsv,
  parseInstrumentsCsv,
  type EpochMs,
  type Tick,
} from '#domain';
import { readBhavcopy, type SymbolTables, symbolTables } from '#vendors';
import { readConfigFile } from './config-file.js';

const TRIES = 20;
const PAUSE_MS = 500;

/**
 * Loads the instrument master from a file or URL. A URL is tried for about ten seconds, because what serves it may start together with us.
 * @throws ConfigError if it cannot be read or holds a wrong row
 */
export async function loadInstruments(location: string, log: Log): Promise<InstrumentMaster> {
  return new InstrumentMaster(parseInstrumentsCsv(await load('INSTRUMENTS', location, log)));
}

/** Loads the exchanges' holidays and special sessions. @throws ConfigError if they cannot be read */
export async function loadCalendar(location: string, alwaysOpen: boolean, log: Log): Promise<ExchangeCalendar> {
  return new ExchangeCalendar(parseHolidaysCsv(await load('HOLIDAYS', location, log)), { alwaysOpen });
}

/** The closes of BSE's end-of-day file, as far as the master has their instruments. @throws ConfigError if it cannot be read */
export async function loadCloses(location: string, master: InstrumentMaster, now: EpochMs, log: Log): Promise<Tick[]> {
  if (location === '') return [];
  const text = await load('BSE_BHAVCOPY', location, log);
  try {
    const closes = readBhavcopy(text, now).filter(({ instrument }) => master.get(instrument) !== undefined);
    log.info({ location, closes: closes.length }, 'end-of-day file read');
    return closes;
  } catch (error) {
    throw new ConfigError([`BSE_BHAVCOPY: ${location} is no end-of-day file: ${(error as Error).message}`]);
  }
}

/**
 * Loads vendors' symbol files, given as `vendor=location`, and joins them with the master.
 * @throws ConfigError if one cannot be read
 */
export async function loadSymbols(given: readonly string[], master: InstrumentMaster, log: Log): Promise<SymbolTables> {
  const files = new Map<string, string>();
  for (const entry of given) {
    const [vendor = '', location = ''] = entry.split(/=(.*)/s);
    files.set(vendor, await load('SYMBOL_FILES', location, log));
  }
  const tables = symbolTables(files, master);
  for (const [vendor, table] of tables) log.info({ vendor, symbols: table.size }, 'symbol file read');
  return tables;
}

function load(setting: string, location: string, log: Log): Promise<string> {
  return /^https?:/.test(location) ? fetchText(setting, location, log) : readConfigFile(setting, location);
}

async function fetchText(setting: string, url: string, log: Log): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    try {
      const { statusCode, body } = await request(url, { headersTimeout: 5000, bodyTimeout: 10_000 });
      const text = await body.text();
      if (statusCode === 200) return text;
      throw new Error(`HTTP ${statusCode}`);
    } catch (error) {
      const reason = (error as Error).message;
      if (attempt === TRIES) throw new ConfigError([`${setting}: ${url} cannot be read: ${reason}`]);
      log.debug({ url, attempt, reason }, 'not there yet');
      await sleep(PAUSE_MS);
    }
  }
}
