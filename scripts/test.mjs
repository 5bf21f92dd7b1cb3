// npm test: installs what the tests need and runs all of them.
import { join } from 'node:path';
import { ensureBrowser } from './browser.mjs';
import { build, ensureInstalled, root, run } from './lib.mjs';
import { preparePython } from './python.mjs';
import { ensureRedis } from './redis.mjs';

ensureInstalled();
ensureBrowser();
ensureRedis();
preparePython(); // where that is not possible, test/e2e/python.spec.ts says so
build(); // some specs run several servers, each in a process of its own
run(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...process.argv.slice(2)]);
