// Finds the browser that the browser specs drive, and gets one where that is a single command.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { step } from './lib.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
/** An installation that takes longer is given up, ms. */
const INSTALL_WITHIN_MS = 300_000;

/** What a headless Chromium is started with: no sandbox, because tests may run as root; nothing that talks to the outside. */
export const BROWSER_ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Path of a Chromium or Chrome on PATH; undefined when there is none. */
export function findBrowser() {
  for (const name of NAMES) {
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      const path = join(folder, name);
      if (folder !== '' && isExecutable(path)) return path;
    }
  }
  return undefined;
}

/** Installs Chromium where nobody has to be asked: on Debian, as root. Elsewhere, or when that fails, says that the browser specs will be skipped. */
export function ensureBrowser() {
  if (findBrowser() !== undefined) return;
  if (process.getuid?.() === 0 && existsSync('/etc/debian_version')) {
    step('Installing Chromium for the browser specs (once)');
    const started = Date.now();
    for (const args of [
      ['update', '-qq'],
      ['install', '-y', '-qq', '--no-install-recommends', 'chromium'],
    ]) {
      spawnSync('apt-get', args, {
        stdio: ['ignore', 'ignore', 'inherit'],
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
        timeout: Math.max(1000, INSTALL_WITHIN_MS - (Date.now() - started)),
      });
    }
    if (findBrowser() !== undefined) return;
  }
  step(`No browser: the browser specs will be SKIPPED. Put one of ${NAMES.join(', ')} on the PATH to run them.`);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
