import { parseArgs } from 'node:util';

export const USAGE = `\
npm run bench:fanout -- [flags]
  --quick            one rung per mode and window, short steps: under 2 minutes
  --modes a,b        of baseline, stock, sio-batch, ws-json, ws-msgpack, ws-compact (default all)
  --rates 50000,1e6  deliveries a second, instead of each mode's own ladder; needs --window
  --window ms        conflation window for --rates (default 50)
  --clients, --symbols, --per-client, --seed   the load: 1000, 1000, 50, 1
  --warmup, --seconds                          of each step: 2, 6
  --minutes          no new step is begun after this time: 11, quick 1.7
  --full             go on after saturation`;

export interface BenchOptions {
  readonly quick: boolean;
  readonly full: boolean;
  readonly modes: readonly string[] | undefined;
  readonly rates: readonly number[] | undefined;
  readonly windowMs: number;
  readonly clients: number;
  readonly symbols: number;
  readonly perClient: number;
  readonly seed: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  readonly minutes: number;
}

/** @throws TypeError at an unknown flag, RangeError at a number that is none */
export function readOptions(args: readonly string[]): BenchOptions {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: flag,
      full: flag,
      modes: text,
      rates: text,
      window: text,
      clients: text,
      symbols: text,
      'per-client': text,
      seed: text,
      warmup: text,
      seconds: text,
      minutes: text,
    },
  });
  const { quick, full } = values;
  return {
    quick,
    full,
    modes: values.modes?.split(','),
    rates: values.rates?.split(',').map((rate) => positive(rate, 0)),
    windowMs: positive(values.window, 50),
    clients: positive(values.clients, 1_000),
    symbols: positive(values.symbols, 1_000),
    perClient: positive(values['per-client'], 50),
    seed: positive(values.seed, 1),
    warmUpSeconds: positive(values.warmup, quick ? 1 : 2),
    seconds: positive(values.seconds, quick ? 3 : 6),
    minutes: positive(values.minutes, quick ? 1.7 : 11),
  };
}

function positive(text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (!(value >= 0)) throw new RangeError(`${text} is not a number`);
  return value;
}
