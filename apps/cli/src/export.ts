import { mkdtemp, open, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ConfigError, ExchangeCalendar, isInstrumentId, MarketDataError, parseHolidaysCsv } from '#domain';
import {
  askEngine,
  askServer,
  type AskTicks,
  CSV_HEADER,
  csvLine,
  dayOf,
  parquetOf,
  RowsRecording,
  spanOf,
} from '#history';
import { CliError } from './cli-error.js';
import { isRunning, openHistory } from './history-source.js';
import type { Terminal } from './terminal.js';

/** Writes a recorded day to a file that can be replayed and imported. @throws CliError `USAGE`, `CONFIG`, `NO_TICKS`, `EXPORT_FAILED` */
export async function exportTicks(args: readonly string[], terminal: Terminal): Promise<void> {
  const options = parsed(args);
  const { date, format = 'csv', timezone: timeZone = 'Asia/Kolkata', from, to } = options;
  if (date === undefined) throw new CliError('USAGE', 'export needs --date');
  if (format !== 'csv' && format !== 'parquet') throw new CliError('USAGE', '--format is csv or parquet');
  const symbols = options.symbols?.split(',') ?? [];
  const wrong = symbols.find((symbol) => !isInstrumentId(symbol));
  if (wrong !== undefined) throw new CliError('USAGE', `${wrong} is no symbol`);
  const server = options.server ?? `http://127.0.0.1:${terminal.env['PORT'] ?? 3000}`;
  const wanted = { date, file: undefined, url: undefined, apiKey: undefined, symbols, from, to, timeZone };
  try {
    const holidays = await readFile(terminal.env['HOLIDAYS'] ?? 'data/holidays.csv', 'utf8').catch(() => '');
    const calendar = new ExchangeCalendar(parseHolidaysCsv(holidays));
    const exchange = symbols[0]?.split(':')[0] ?? 'NSE';
    const isTradingDay = (one: string): boolean => calendar.session(exchange, one) !== undefined;
    const day = dayOf(date, timeZone, { now: () => terminal.now }, isTradingDay);
    const span = spanOf(day, wanted);
    const out = options.out ?? `ticks-${day}.${format}`;
    const rows = await withHistory(server, terminal, async (ask) => {
      const recording = new RowsRecording(day, ask, span);
      return format === 'csv' ? await writeCsv(recording, out) : await writeParquet(recording, out);
    });
    if (rows === 0) throw new CliError('NO_TICKS', `nothing was recorded: ${day}`);
    terminal.out(`${rows} ticks of ${day} in ${out}\n`);
  } catch (error) {
    if (error instanceof ConfigError) throw new CliError('USAGE', error.problems.join('; '));
    if (error instanceof MarketDataError) throw new CliError('EXPORT_FAILED', error.message);
    throw error;
  }
}

function parsed(args: readonly string[]) {
  try {
    const text = { type: 'string' } as const;
    const options = {
      date: text,
      symbols: text,
      from: text,
      to: text,
      timezone: text,
      format: text,
      out: text,
      server: text,
    };
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new CliError('USAGE', (error as Error).message);
  }
}

async function withHistory<T>(server: string, terminal: Terminal, task: (ask: AskTicks) => Promise<T>): Promise<T> {
  if (await isRunning(server)) return await task(askServer(server, terminal.env['REPLAY_SECRET_KEY']));
  const history = await openHistory(terminal);
  try {
    return await task(askEngine(() => history.engine));
  } finally {
    await history.close();
  }
}

/** Nothing stands at the path unless there were ticks and all of them are in it. */
async function writeCsv(recording: RowsRecording, path: string): Promise<number> {
  const part = `${path}.part`;
  const file = await open(part, 'w');
  let count = 0;
  try {
    await file.write(CSV_HEADER);
    for await (const rows of recording.rows(-Infinity)) {
      await file.write(rows.map(csvLine).join(''));
      count += rows.length;
    }
    if (count > 0) await rename(part, path);
    return count;
  } finally {
    await file.close();
    await rm(part, { force: true });
  }
}

async function writeParquet(recording: RowsRecording, path: string): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'tickwire-'));
  try {
    const csv = join(folder, 'ticks.csv');
    const count = await writeCsv(recording, csv);
    if (count > 0) await parquetOf(csv, path);
    return count;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
