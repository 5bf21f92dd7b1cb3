// Finds the browser that the browser specs drive, and gets one where that is a single command.
import { step } from './lib.mjs';
import { findProgram, installPackage } from './packages.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

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
  return findProgram(NAMES);
}

/** Installs Chromium where nobody has to be asked: on Debian, as root. Elsewhere, or when that fails, says that the browser specs will be skipped. */
export function ensureBrowser() {
  if (findBrowser() !== undefined) return;
  installPackage('chromium', 'for the browser specs');
  if (findBrowser() === undefined)
    step(`No browser: the browser specs will be SKIPPED. Put one of ${NAMES.join(', ')} on the PATH to run them.`);
}
