// npm run sdk: bundles the SDK into dist/sdk, ready to publish, and fails when it is larger than its budget.
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureInstalled, fail, root, run, step } from './lib.mjs';
import { bundleSdk, SIZE_BUDGET_BYTES, sizeOf } from '../libs/sdk/bundle.mjs';

const out = join(root, 'dist/sdk');
const sources = join(root, 'libs/sdk');

ensureInstalled();
step('Bundling the SDK');
mkdirSync(out, { recursive: true });
await bundleSdk({ outfile: join(out, 'index.js'), sourcemap: true });
const project = ['-p', join(sources, 'tsconfig.json'), '--outDir', join(out, 'types')];
run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...project]);
for (const file of ['package.json', 'README.md']) copyFileSync(join(sources, file), join(out, file));

const { minified, gzipped } = await sizeOf();
const sizes = `${minified} bytes minified, ${gzipped} gzipped of ${SIZE_BUDGET_BYTES}`;
if (gzipped > SIZE_BUDGET_BYTES) fail(`The SDK is too large: ${sizes}`);
step(`dist/sdk is ready to publish: ${sizes}`);
