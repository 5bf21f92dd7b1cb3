import type { BuildOptions, BuildResult } from 'esbuild';

export const SIZE_BUDGET_BYTES: number;
export function bundleSdk<T extends BuildOptions>(options: T): Promise<BuildResult<T>>;
export function sizeOf(): Promise<{ readonly minified: number; readonly gzipped: number }>;
