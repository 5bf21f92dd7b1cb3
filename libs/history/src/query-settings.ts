import type { QueryLimits, QueryParam, QueryParams } from './history-engine.js';

export type EngineSettings = Record<string, string | number>;

/** What every statement runs with: numbers as numbers, errors instead of shortened answers, and rows stored when we are told so. */
const ALWAYS: EngineSettings = {
  output_format_json_quote_64bit_integers: 0,
  output_format_json_quote_denormals: 0,
  output_format_arrow_string_as_string: 1,
  // Arrow's own reader for JavaScript knows no compression
  output_format_arrow_compression_method: 'none',
  timeout_overflow_mode: 'throw',
  result_overflow_mode: 'throw',
  read_overflow_mode: 'throw',
};

/** One block, stored at once or not at all, and once only: views count a batch no more than their table does. */
const INSERTING: EngineSettings = {
  async_insert: 0,
  insert_deduplicate: 1,
  deduplicate_blocks_in_dependent_materialized_views: 1,
  // a first look at a symbol may tell of a trade of long ago
  max_partitions_per_insert_block: 0,
  min_insert_block_size_rows: 1_048_576,
  min_insert_block_size_bytes: 268_435_456,
  max_insert_threads: 1,
  input_format_native_allow_types_conversion: 1,
};

/** Settings by name that hold a statement to its limits. `readonly` is last: after it nothing else can be set. */
export function settingsFor(limits: QueryLimits): EngineSettings {
  const { maxMs, maxRows, maxBytes, maxMemoryBytes, maxReadRows, maxReadBytes, maxElements, maxThreads, readOnly } =
    limits;
  return {
    ...ALWAYS,
    ...(maxMs !== undefined && { max_execution_time: maxMs / 1000 }),
    ...(maxRows !== undefined && { max_result_rows: maxRows }),
    ...(maxBytes !== undefined && { max_result_bytes: maxBytes }),
    ...(maxMemoryBytes !== undefined && { max_memory_usage: maxMemoryBytes }),
    ...(maxReadRows !== undefined && { max_rows_to_read: maxReadRows }),
    ...(maxReadBytes !== undefined && { max_bytes_to_read: maxReadBytes }),
    ...(maxElements !== undefined && { max_expanded_ast_elements: maxElements }),
    ...(maxThreads !== undefined && { max_threads: maxThreads }),
    ...(readOnly === true && { readonly: 1 }),
  };
}

export function settingsForInsert(token: string | undefined): EngineSettings {
  return token === undefined ? INSERTING : { ...INSERTING, insert_deduplication_token: token };
}

/** Parameters as text, as the engine reads them: tab-separated values outside of arrays, quoted texts inside. */
export function paramTexts(params: QueryParams): Record<string, string> {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, paramText(value)]));
}

function paramText(value: QueryParam): string {
  if (value === null) return '\\N';
  if (typeof value === 'string') return escaped(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return `[${value.map((item) => (typeof item === 'string' ? quoted(item) : String(item))).join(',')}]`;
}

/** A text as a literal of SQL. */
export function quoted(text: string): string {
  return `'${escaped(text).replaceAll("'", "\\'")}'`;
}

function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll('\0', '\\0')
    .replaceAll('\t', '\\t')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r');
}
