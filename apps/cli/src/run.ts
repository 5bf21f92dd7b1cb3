import { parseArgs } from 'node:util';
import { checkMapping } from './check-mapping.js';
import { CLI_CODES, CliError } from './cli-error.js';
import { exportTicks } from './export.js';
import { importTicks } from './import.js';
import { listVendors } from './list-vendors.js';
import { printNewKey } from './new-key.js';
import { printInstruments } from './print-instruments.js';
import { replay } from './replay.js';
import type { Terminal } from './terminal.js';

const USAGE = `Usage
  tickwire vendors list                        vendors, their settings, and which are set
  tickwire vendors check <mapping> <sample>    what a JSON mapping makes of recorded frames
  tickwire instruments bse <file>              an instrument master of BSE's scrip master
  tickwire keys new <id> [tier]                a new API key, and its record for API_KEYS_FILE
  tickwire replay --demo                       a recorded day as a feed, on a server of its own
  tickwire export --date <day>                 a recorded day as a file
  tickwire import --file <file>                a file of ticks into history

tickwire replay [--demo | --date <day> | --file <file>] [options]
  --date <day>        2026-11-20, today or yesterday, from the running server, else from the history here
  --file <file>       .csv, .csv.gz or .parquet, as export writes it
  --speed <n>         times as fast as it was recorded: 1 to 1000, or max (1)
  --symbols A,B       only these
  --from, --to <t>    part of the day: 09:15
  --timezone <zone>   of day and times (Asia/Kolkata)
  --loop              begin anew at the end
  --port <n>          port of the replay's server (3100)
  --server <url>      the running server to ask (http://127.0.0.1:3000)

tickwire export --date <day> [--symbols A,B] [--from, --to <t>] [--timezone <zone>] [--server <url>]
  --format <format>   csv or parquet (csv)
  --out <file>        where to (ticks-<day>.csv)

tickwire import --file <file> [options]        while no server uses the history, unless it is a ClickHouse server's
  --map time=ts,price=ltp   our columns, and what the file calls them
  --symbol <symbol>   of all rows
  --vendor <name>     of rows that name none (import)
  --timezone <zone>   of times without one (Asia/Kolkata)
  --strict            store nothing where a row is no tick

<file>     what BSE's site gives under ListofScripData, or - for what is piped in
<mapping>  a file as JSON_MAPPING names it
<sample>   a .json file with one frame, a .jsonl file with one on each line, or - for what is piped in
`;

/** Commands that read their own options. */
const WITH_OPTIONS: Readonly<Record<string, (args: readonly string[], terminal: Terminal) => Promise<void>>> = {
  replay,
  import: importTicks,
  export: exportTicks,
};

/**
 * Runs a command line.
 * @returns its exit status: 0, 1 when what was checked is not in order, 2 when the command line is not understood
 */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    await command(args, terminal);
    return 0;
  } catch (error) {
    const { code, message } = error instanceof CliError ? error : new CliError('INTERNAL', String(error));
    terminal.err(`tickwire: ${code}: ${message}\n`);
    if (code === 'USAGE') terminal.err(`\n${USAGE}`);
    return CLI_CODES[code];
  }
}

async function command(args: readonly string[], terminal: Terminal): Promise<void> {
  const own = WITH_OPTIONS[args[0] ?? ''];
  if (own !== undefined && !args.some((word) => word === '--help' || word === '-h'))
    return own(args.slice(1), terminal);
  const { help, words } = wordsOf(args);
  if (help) return terminal.out(USAGE);
  const [topic, verb, ...rest] = words;
  if (topic === 'instruments') return instruments(verb, rest, terminal);
  if (topic === 'keys') return newKey(verb, rest, terminal);
  if (topic !== 'vendors') throw new CliError('USAGE', topic === undefined ? 'say what to do' : `no command ${topic}`);
  if (verb === 'list' && rest.length === 0) return listVendors(terminal);
  if (verb !== 'check') throw new CliError('USAGE', 'vendors can be listed or checked');
  const [mapping, sample, ...more] = rest;
  if (mapping === undefined || sample === undefined || more.length > 0)
    throw new CliError('USAGE', 'check needs a mapping and a sample');
  if (mapping === '-' && sample === '-') throw new CliError('USAGE', 'only one of the two can be piped in');
  return checkMapping(mapping, sample, terminal);
}

function instruments(verb: string | undefined, [path, ...more]: readonly string[], terminal: Terminal): Promise<void> {
  if (verb !== 'bse' || path === undefined || more.length > 0)
    throw new CliError('USAGE', 'instruments bse needs a file');
  return printInstruments(path, terminal);
}

function newKey(verb: string | undefined, [id, tier, ...more]: readonly string[], terminal: Terminal): void {
  if (verb !== 'new' || id === undefined || more.length > 0) throw new CliError('USAGE', 'keys new needs an id');
  printNewKey(id, tier, terminal);
}

function wordsOf(args: readonly string[]): { help: boolean; words: readonly string[] } {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { help: { type: 'boolean', short: 'h', default: false } },
    });
    return { help: values.help, words: positionals };
  } catch (error) {
    throw new CliError('USAGE', (error as Error).message);
  }
}
