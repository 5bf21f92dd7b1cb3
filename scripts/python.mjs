// Makes the virtual environment the Python client is tested in, once: .tickwire/venv. Prints the path of its Python.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './lib.mjs';

const VENV = join(root, '.tickwire', 'venv');
const REQUIREMENTS = join(root, 'clients', 'python', 'requirements-test.txt');
const ON_WINDOWS = process.platform === 'win32';
const MINIMUM = [3, 9];
/** Exit code where there is no Python to begin with. */
const NO_PYTHON = 2;

/**
 * The Python of the environment, made first if need be.
 * @returns `{ python }`, or `{ missing }` when there is no Python to begin with, or `{ failed }` with what went wrong
 */
export function preparePython() {
  const python = join(VENV, ON_WINDOWS ? 'Scripts/python.exe' : 'bin/python');
  const wanted = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex');
  const stamp = join(VENV, '.requirements');
  if (existsSync(python) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return { python };

  const system = ON_WINDOWS ? 'python' : 'python3';
  const version = spawnSync(system, ['-c', 'import sys; print(*sys.version_info[:2])'], { encoding: 'utf8' });
  if (version.status !== 0) return { missing: `${system} is not on PATH` };
  const [major, minor] = version.stdout.split(' ').map(Number);
  if (major !== MINIMUM[0] || minor < MINIMUM[1])
    return { missing: `Python ${MINIMUM.join('.')} or newer is needed; ${system} is ${major}.${minor}` };

  process.stderr.write('> Making the environment of the Python client (once)\n');
  const steps = [
    [system, ['-m', 'venv', '--clear', VENV]],
    [python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS]],
  ];
  for (const [command, args] of steps) {
    const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: 300_000 });
    if (status !== 0) return { failed: `${args.slice(0, 3).join(' ')} failed:\n${stderr || stdout}` };
  }
  writeFileSync(stamp, wanted);
  return { python };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { python, missing, failed } = preparePython();
  if (python === undefined) {
    process.stderr.write(`The Python client cannot be tested: ${missing ?? failed}\n`);
    process.exit(missing === undefined ? 1 : NO_PYTHON);
  }
  process.stdout.write(`${python}\n`);
}
