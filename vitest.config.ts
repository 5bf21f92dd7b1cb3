import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import swc from 'unplugin-swc';
import { defineConfig } from 'vitest/config';

const root = import.meta.dirname;
const libs = readdirSync(resolve(root, 'libs'));

/** Tests run from the sources: the same `#lib` names that package.json maps to the build point at `libs/` here. */
export default defineConfig({
  plugins: [
    // Nest reads constructor types from decorator metadata, which esbuild does not write.
    swc.vite({
      jsc: {
        target: 'es2022',
        parser: { syntax: 'typescript', decorators: true },
        transform: { legacyDecorator: true, decoratorMetadata: true },
      },
    }),
  ],
  resolve: {
    alias: libs.map((lib) => ({
      find: new RegExp(`^#${lib}$`),
      replacement: resolve(root, `libs/${lib}/src/index.ts`),
    })),
  },
  test: {
    include: ['libs/**/*.spec.ts', 'apps/**/*.spec.ts', 'test/**/*.spec.ts', 'scripts/**/*.spec.ts'],
    setupFiles: ['test/support/fixed-seed.ts'],
    testTimeout: 40_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
