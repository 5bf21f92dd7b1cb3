// npm test: installs what the tests need and runs all of them.
import { join } from 'node:path';
import { ensureInstalled, root, run } from './lib.mjs';

ensureInstalled();
run(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...process.argv.slice(2)]);
