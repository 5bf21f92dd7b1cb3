import { parseArgs } from 'node:util';
import { CliError } from './cli-error.js';

const DEMO_FILE = 'data/demo-day.csv.gz';

export interface ReplayOptions {
  readonly date: string | undefined;
  readonly file: string | undefined;
  readonly server: string;
  readonly port: string;
  readonly speed: string;
  /** Settings of the replay as the environment names them; those that were not given are absent. */
  readonly settings: Readonly<Record<string, string>>;
}

/** @throws CliError `USAGE` */
export function replayOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): ReplayOptions {
  const values = parsed(args);
  const file = values.demo === true ? DEMO_FILE : values.file;
  const named = [values.demo === true ? 'demo' : undefined, values.date, values.file].filter(
    (name) => name !== undefined,
  );
  if (named.length !== 1) throw new CliError('USAGE', 'replay needs one of --demo, --date and --file');
  const given = {
    REPLAY_DATE: values.date,
    REPLAY_FILE: file,
    REPLAY_SPEED: values.speed,
    REPLAY_SYMBOLS: values.symbols,
    REPLAY_FROM: values.from,
    REPLAY_TO: values.to,
    REPLAY_TIMEZONE: values.timezone,
    REPLAY_LOOP: values.loop === true ? 'true' : undefined,
  };
  const settings = Object.fromEntries(
    Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  return {
    date: values.date,
    file,
    server: values.server ?? `http://127.0.0.1:${env['PORT'] ?? 3000}`,
    port: values.port ?? '3100',
    speed: values.speed ?? '1',
    settings,
  };
}

function parsed(args: readonly string[]) {
  try {
    const text = { type: 'string' } as const;
    const flag = { type: 'boolean' } as const;
    const options = {
      demo: flag,
      date: text,
      file: text,
      speed: text,
      symbols: text,
      from: text,
      to: text,
      timezone: text,
      loop: flag,
      port: text,
      server: text,
    };
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new CliError('USAGE', (error as Error).message);
  }
}
