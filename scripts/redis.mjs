// Finds the Redis that specs and benchmarks start, and gets one where that is a single command.
import { step } from './lib.mjs';
import { findProgram, installPackage } from './packages.mjs';

/** Path of a redis-server on PATH; undefined when there is none. */
export function findRedis() {
  return findProgram(['redis-server', 'valkey-server']);
}

/** Installs Redis where nobody has to be asked. Elsewhere, or when that fails, says that its specs will fail. */
export function ensureRedis() {
  if (findRedis() !== undefined) return;
  installPackage('redis-server', 'for the specs of several nodes');
  if (findRedis() === undefined)
    step(
      'No Redis: its specs will FAIL. Put redis-server 7 on the PATH: apt install redis-server, brew install redis.',
    );
}
