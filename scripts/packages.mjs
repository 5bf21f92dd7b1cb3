// Finds programs on the PATH, and installs Debian packages where nobody has to be asked.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { step } from './lib.mjs';

/** An installation that takes longer is given up, ms. */
const INSTALL_WITHIN_MS = 300_000;

/** Path of the first of these programs on the PATH; undefined when there is none. */
export function findProgram(names) {
  for (const name of names) {
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      const path = join(folder, name);
      if (folder !== '' && isExecutable(path)) return path;
    }
  }
  return undefined;
}

/** Installs a package on Debian, as root; elsewhere does nothing. */
export function installPackage(name, purpose) {
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) return;
  step(`Installing ${name} ${purpose} (once)`);
  const started = Date.now();
  for (const args of [
    ['update', '-qq'],
    ['install', '-y', '-qq', '--no-install-recommends', name],
  ]) {
    spawnSync('apt-get', args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      timeout: Math.max(1000, INSTALL_WITHIN_MS - (Date.now() - started)),
    });
  }
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
