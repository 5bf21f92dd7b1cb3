import { formatInstrumentsCsv, type Instrument, VendorFrameError } from '#domain';
import { readScripMaster } from '#vendors';
import { CliError } from './cli-error.js';
import { readText } from './files.js';
import type { Terminal } from './terminal.js';

/** Prints an instrument master made of BSE's scrip master: the list its site gives under `ListofScripData`. */
export async function printInstruments(path: string, terminal: Terminal): Promise<void> {
  terminal.out(formatInstrumentsCsv(read(path, await readText(path, terminal))));
}

function read(path: string, text: string): Instrument[] {
  try {
    return readScripMaster(text);
  } catch (error) {
    if (error instanceof VendorFrameError)
      throw new CliError('SAMPLE_MALFORMED', `${path} is no scrip master: ${error.message}`);
    throw error;
  }
}
