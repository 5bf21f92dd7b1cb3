import { parseArgs } from 'node:util';
import { isInstrumentId } from '#domain';
import { FileTimes, type ImportReport, TICK_COLUMNS, type TickColumn, TickImport } from '#history';
import { CliError } from './cli-error.js';
import { openHistory } from './history-source.js';
import type { Terminal } from './terminal.js';

/** A file's zone may be given wrongly, so that its times seem to be still to come. */
const DAY_MS = 86_400_000;

/** Stores a file of ticks in history. @throws CliError `USAGE`, `CONFIG`, `FILE_UNREADABLE`, `ROWS_INVALID` */
export async function importTicks(args: readonly string[], terminal: Terminal): Promise<void> {
  const { file, symbol, map, timezone = 'Asia/Kolkata', vendor = 'import', strict = false } = parsed(args);
  if (file === undefined) throw new CliError('USAGE', 'import needs --file');
  if (symbol !== undefined && !isInstrumentId(symbol)) throw new CliError('USAGE', `${symbol} is no symbol`);
  const options = {
    names: namesOf(map),
    symbol,
    vendor,
    times: timesOf(timezone),
    zone: timezone,
    latest: terminal.now + DAY_MS,
  };
  const history = await openHistory(terminal);
  try {
    const reading = new TickImport(history.engine, options, (rows) => terminal.progress?.(`${rows} rows`));
    const report = strict ? await readable(reading.check(file), file) : undefined;
    if (report !== undefined && (report.refused > 0 || report.missing.length > 0))
      throw invalid(report, terminal, 'nothing is stored');
    const stored = await readable(reading.store(file), file);
    if (stored.missing.length > 0) throw invalid(stored, terminal, 'nothing is stored');
    terminal.out(
      `${stored.rows} rows: ${stored.added} added, ${stored.repeated} there already, ${stored.refused} refused\n`,
    );
    tellBad(stored, terminal);
  } finally {
    await history.close();
  }
}

function parsed(args: readonly string[]) {
  try {
    const text = { type: 'string' } as const;
    const options = {
      file: text,
      symbol: text,
      map: text,
      timezone: text,
      vendor: text,
      strict: { type: 'boolean' },
    } as const;
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new CliError('USAGE', (error as Error).message);
  }
}

/** `time=ts,price=ltp`: our column, and what the file calls it. */
function namesOf(map: string | undefined): Partial<Record<TickColumn, string>> {
  const names: Partial<Record<TickColumn, string>> = {};
  for (const entry of map?.split(',') ?? []) {
    const [ours = '', theirs = ''] = entry.split('=').map((part) => part.trim());
    const column = TICK_COLUMNS.find((name) => name === ours);
    if (column === undefined || theirs === '')
      throw new CliError(
        'USAGE',
        `--map ${entry}: it is our column, =, and the file's; ours are ${TICK_COLUMNS.join(', ')}`,
      );
    names[column] = theirs;
  }
  return names;
}

function timesOf(zone: string): FileTimes {
  try {
    return new FileTimes(zone);
  } catch {
    throw new CliError('USAGE', `${zone} is no time zone`);
  }
}

async function readable(reading: Promise<ImportReport>, file: string): Promise<ImportReport> {
  try {
    return await reading;
  } catch (error) {
    throw new CliError('FILE_UNREADABLE', `${file}: ${(error as Error).message}`);
  }
}

function invalid(report: ImportReport, terminal: Terminal, outcome: string): CliError {
  tellBad(report, terminal);
  const what =
    report.missing.length > 0
      ? `there is no column ${report.missing.join(', ')}`
      : `${report.refused} rows are refused`;
  return new CliError('ROWS_INVALID', `${what}; ${outcome}`);
}

function tellBad({ bad, refused }: ImportReport, terminal: Terminal): void {
  for (const { line, why } of bad) terminal.err(`line ${line}: ${why}\n`);
  if (refused > bad.length) terminal.err(`and ${refused - bad.length} more\n`);
}
