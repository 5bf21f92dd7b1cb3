import { parseArgs } from 'node:util';
import { checkMapping } from './check-mapping.js';
import { CLI_CODES, CliError } from './cli-error.js';
import { listVendors } from './list-vendors.js';
import { printNewKey } from './new-key.js';
import { printInstruments } from './print-instruments.js';
import type { Terminal } from './terminal.js';

const USAGE = `Usage
  tickwire vendors list                        vendors, their settings, and which are set
  tickwire vendors check <mapping> <sample>    what a JSON mapping makes of recorded frames
  tickwire instruments bse <file>              an instrument master of BSE's scrip master
  tickwire keys new <id> [tier]                a new API key, and its record for API_KEYS_FILE

<file>     what BSE's site gives under ListofScripData, or - for what is piped in
<mapping>  a file as JSON_MAPPING names it
<sample>   a .json file with one frame, a .jsonl file with one on each line, or - for what is piped in
`;

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
