import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Decode cost per tick beside the vendors' own SDKs. Each in a process of its own: one SDK changes the time zone of its process. */
const VENDORS = ['fyers', 'upstox'] as const;
const GOAL = 3;

/** What one of the benchmarks prints, ns per tick. */
interface Figures {
  readonly vendor: string;
  readonly ours: number;
  readonly sdk: number;
  readonly ticks: number;
}

const rows = VENDORS.map((vendor) => {
  const program = fileURLToPath(new URL(`bench-decode-${vendor}.js`, import.meta.url));
  const lines = execFileSync(process.execPath, [program], { encoding: 'utf8' }).trim().split('\n');
  const { ours, sdk, ticks } = JSON.parse(lines.at(-1) ?? '{}') as Figures;
  const times = sdk / ours;
  const verdict = `goal ${GOAL}: ${times >= GOAL ? 'met' : 'MISSED'}`;
  return `| ${vendor} | ${Math.round(ours)} | ${Math.round(sdk)} | ${times.toFixed(1)} | ${ticks} | ${verdict} |`;
});
process.stdout.write(`
| vendor | Tickwire, ns a tick | official SDK, ns a tick | times faster | ticks | |
| --- | ---: | ---: | ---: | ---: | --- |
${rows.join('\n')}
`);
