// npm run bench:*: builds, then runs one benchmark with the arguments given.
import { join } from 'node:path';
import { build, ensureInstalled, root, run } from './lib.mjs';

const [name, ...args] = process.argv.slice(2);
ensureInstalled();
build();
run(process.execPath, [join(root, `dist/test/load/bench-${name}.js`), ...args]);
