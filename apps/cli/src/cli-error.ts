/** Codes scripts may rely on, and the exit status of each. */
export const CLI_CODES = {
  /** The command line is not understood. */
  USAGE: 2,
  /** A file cannot be read. */
  FILE_UNREADABLE: 1,
  /** The mapping is no mapping. */
  MAPPING_INVALID: 1,
  /** The sample holds no frame. */
  SAMPLE_EMPTY: 1,
  /** Frames, records or fields of the sample cannot be read. */
  SAMPLE_MALFORMED: 1,
  /** The sample can be read, and gives no tick. */
  NO_TICKS: 1,
  /** The server of a replay cannot be set up as asked. */
  CONFIG: 2,
  /** Rows of an imported file are no ticks, or it has not the columns. */
  ROWS_INVALID: 1,
  /** History cannot be read. */
  EXPORT_FAILED: 1,
  /** A recording cannot be read on. */
  REPLAY_FAILED: 1,
  /** A mistake of ours. */
  INTERNAL: 1,
} as const;

export type CliCode = keyof typeof CLI_CODES;

/** What the user is told instead of a stack trace. */
export class CliError extends Error {
  constructor(
    readonly code: CliCode,
    message: string,
  ) {
    super(message);
    this.name = 'CliError';
  }
}
