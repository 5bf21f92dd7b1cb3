// npm test: installs what the tests need and runs all of them.
import { join } from 'node:path';
import { ensureBrowser } from './browser.mjs';
import { ensureInstalled, root, run } from './lib.mjs';
import { preparePython } from './python.mjs';

ensureInstalled();
ensureBrowser();
preparePython(); // where that is not possible, test/e2e/python.spec.ts says so
run(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...process.argv.slice(2)]);
