import { ConfigError } from '#domain';
import { type FrameReport, isStream, type JsonMapping, MappingInspector, NUMBER_FIELDS, readMapping } from '#vendors';
import { ageText, timeText } from './age.js';
import { CliError } from './cli-error.js';
import { readText } from './files.js';
import { framesOf, type SampleFrame } from './sample.js';
import type { Terminal } from './terminal.js';
import { textTable } from './text-table.js';

/** The same thing said of several records. */
interface Remark {
  readonly lines: Set<number>;
  count: number;
  readonly sample: string;
}

const SAMPLE_CHARS = 100;
const LINES_SHOWN = 5;

/**
 * Shows what a mapping makes of recorded frames: the ticks, what is ignored and why, what cannot be read, and what of the mapping was
 * never needed.
 * @throws CliError if something cannot be read, or nothing comes of it
 */
export async function checkMapping(mappingPath: string, samplePath: string, terminal: Terminal): Promise<void> {
  const mapping = await readMappingFile(mappingPath, terminal);
  const inspector = inspectorOf(mapping, mappingPath);
  const frames = framesOf(await readText(samplePath, terminal), samplePath);
  if (frames.length === 0) throw new CliError('SAMPLE_EMPTY', `${JSON.stringify(samplePath)} holds no frame`);

  const rows: string[][] = [];
  const ignored = new Map<string, Remark>();
  const malformed = new Map<string, Remark>();
  const meanings = new Map<string, Remark>();
  for (const frame of frames) {
    const report = inspect(inspector, frame, terminal.now);
    if (typeof report === 'string') {
      remark(malformed, frame, report, frame.text.trim());
      continue;
    }
    for (const { rule, tick } of report.ticks) rows.push(rowOf(frame, rule, tick, terminal.now));
    const { meaning } = report;
    if (meaning !== undefined) remark(meanings, frame, meaningText(meaning), frame.text.trim());
    else for (const { reason, record } of report.ignored) remark(ignored, frame, reason, textOf(record));
    for (const { reason, record } of report.malformed) remark(malformed, frame, reason, textOf(record));
  }

  const unmatched = inspector.neverMatched();
  const kinds = [isStream(mapping) && 'stream', mapping.http !== undefined && 'http'].filter(Boolean).join(' and ');
  terminal.out(`${mappingPath}: ${kinds}, ${counted(mapping.rules.length, 'rule')}; `);
  terminal.out(`${samplePath === '-' ? 'input' : samplePath}: ${counted(frames.length, 'frame')}\n\n`);
  terminal.out(ticksTable(rows));
  section(terminal, 'Says something of the connection', meanings);
  section(terminal, 'Ignored', ignored);
  section(terminal, 'Cannot be read', malformed);
  if (unmatched.length > 0) terminal.out(`Never in the sample\n${unmatched.map((place) => `  ${place}\n`).join('')}\n`);
  const counts = [
    counted(rows.length, 'tick'),
    `${total(ignored)} ignored`,
    `${total(malformed)} unreadable`,
    `${counted(unmatched.length, 'field')} never in the sample`,
  ];
  terminal.out(`${counts.join(', ')}\n`);
  if (malformed.size > 0) throw new CliError('SAMPLE_MALFORMED', 'parts of the sample cannot be read; see above');
  if (rows.length === 0)
    throw new CliError('NO_TICKS', 'no frame of the sample gives a tick; see above for the reasons');
}

async function readMappingFile(path: string, terminal: Terminal): Promise<JsonMapping> {
  const text = await readText(path, terminal);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new CliError('MAPPING_INVALID', `${path}: is no JSON: ${(error as Error).message}`);
  }
  return orInvalid(() => readMapping(value, path));
}

function inspectorOf(mapping: JsonMapping, path: string): MappingInspector {
  return orInvalid(() => new MappingInspector(mapping), path);
}

/** @param path stands in for the setting that names the file in a server */
function orInvalid<T>(read: () => T, path = 'JSON_MAPPING'): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const problems = error.problems.map((problem) => problem.replace(/^JSON_MAPPING/, path));
    throw new CliError('MAPPING_INVALID', problems.join('\n  '));
  }
}

function inspect(inspector: MappingInspector, { text }: SampleFrame, now: number): FrameReport | string {
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch (error) {
    return `no JSON: ${(error as Error).message}`;
  }
  return inspector.inspect(frame, now);
}

type Tick = FrameReport['ticks'][number]['tick'];

function rowOf({ line }: SampleFrame, rule: string, tick: Tick, now: number): string[] {
  const { instrument, eventTime } = tick;
  const time = eventTime === undefined ? ['', ''] : [timeText(eventTime), ageText(now - eventTime)];
  const values = NUMBER_FIELDS.map((field) => numberText(tick[field]));
  return [String(line), rule, printable(instrument), ...values, ...time];
}

/** NaN is what a vendor says of something that there is none of. */
function numberText(value: number | undefined): string {
  if (value === undefined) return '';
  return Number.isNaN(value) ? 'none' : String(value);
}

/** Columns without a value in any row are left out. */
function ticksTable(rows: readonly (readonly string[])[]): string {
  const header = ['line', 'rule', 'symbol', ...NUMBER_FIELDS, 'time', 'age'];
  const used = header.map((_, column) => rows.some((cells) => cells[column] !== ''));
  const shown = (cells: readonly string[]): string[] => cells.filter((_, column) => used[column]);
  const table = textTable(shown(header), rows.map(shown));
  return table === '' ? '' : `${table}\n`;
}

function meaningText(meaning: NonNullable<FrameReport['meaning']>): string {
  switch (meaning.kind) {
    case 'ready':
      return 'ready: subscriptions are sent now';
    case 'fatal':
      return 'fatal: the vendor is left alone for minutes';
    case 'cooldown':
      return `cooldown: the vendor is left alone for ${meaning.ms} ms`;
    default:
      return meaning.kind;
  }
}

function remark(remarks: Map<string, Remark>, { line }: SampleFrame, reason: string, sample: string): void {
  const known = remarks.get(reason) ?? { lines: new Set(), count: 0, sample };
  known.lines.add(line);
  known.count++;
  remarks.set(reason, known);
}

function section(terminal: Terminal, title: string, remarks: ReadonlyMap<string, Remark>): void {
  if (remarks.size === 0) return;
  terminal.out(`${title}\n`);
  for (const [reason, { lines, count, sample }] of remarks) {
    const shown = [...lines].slice(0, LINES_SHOWN).join(', ') + (lines.size > LINES_SHOWN ? ', ...' : '');
    const times = count === 1 ? '' : ` (${count} times)`;
    const cut = sample.length > SAMPLE_CHARS ? `${sample.slice(0, SAMPLE_CHARS)}...` : sample;
    terminal.out(`  line ${shown}${times}: ${printable(reason)}\n    ${printable(cut)}\n`);
  }
  terminal.out('\n');
}

function textOf(record: unknown): string {
  return JSON.stringify(record) ?? String(record);
}

/** A vendor's text must not steer the terminal it is shown on. */
function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}

function total(remarks: ReadonlyMap<string, Remark>): number {
  return [...remarks.values()].reduce((sum, { count }) => sum + count, 0);
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
