import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

/** What a page may have to load for the SDK, gzipped; socket.io-client is not part of it. */
export const SIZE_BUDGET_BYTES = 20_000;

/** Bundles the SDK for browsers and Node, as one ES module that imports nothing. */
export function bundleSdk(options) {
  return build({
    entryPoints: [fileURLToPath(new URL('src/index.ts', import.meta.url))],
    bundle: true,
    format: 'esm',
    // a Node module anywhere in it fails the build
    platform: 'browser',
    target: 'es2022',
    logLevel: 'error',
    ...options,
  });
}

/** Bytes of the bundle as a page would load it. */
export async function sizeOf() {
  const { outputFiles } = await bundleSdk({ write: false, minify: true });
  const [{ contents }] = outputFiles;
  return { minified: contents.length, gzipped: gzipSync(contents).length };
}
