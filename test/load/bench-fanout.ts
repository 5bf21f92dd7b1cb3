import { readOptions, USAGE } from './bench-options.js';
import { FanoutBench, SMALL, WIDE } from './fanout-bench.js';
import { judge } from './goals.js';
import { describeMachine, pinGenerator } from './machine.js';
import { writeReport } from './report-file.js';
import { goalsTable, LEGEND, rowsTable } from './table.js';

const args = process.argv.slice(2);
if (args.includes('--help')) {
  console.log(USAGE);
} else {
  const options = readOptions(args);
  pinGenerator();
  console.log(describeMachine());
  const bench = new FanoutBench(options);
  await bench.run();
  const { rows, exact, wide, notes } = bench;
  const verdicts = judge(rows, exact, wide);
  const load = `${options.clients} clients x ${options.perClient} of ${options.symbols} symbols (Zipf, seed ${options.seed})`;
  const report = [
    `${describeMachine()}. ${load}; ${options.warmUpSeconds} s warm-up, ${options.seconds} s measured per step.`,
    rowsTable(rows),
    ...(exact.length > 0 ? [`${SMALL.clients} clients, every delivery accounted for:`, rowsTable(exact)] : []),
    ...(wide.length > 0 ? [`${options.clients} clients x ${WIDE.perClient} symbols:`, rowsTable(wide)] : []),
    LEGEND,
    ...notes,
    goalsTable(verdicts),
  ].join('\n\n');
  console.log(`\n${report}`);
  const result = {
    machine: describeMachine(),
    date: new Date().toISOString(),
    options,
    rows,
    exact,
    wide,
    verdicts,
    notes,
  };
  console.log(`\nWritten to ${writeReport('fanout', result, report)}`);
}
