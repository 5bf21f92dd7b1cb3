// npm start: installs, builds, and runs the server, by default on the vendor sandbox.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unknownNames } from './dotenv.mjs';
import { build, ensureInstalled, fail, root, start, step } from './lib.mjs';

ensureInstalled();
build();

const dotenv = join(root, '.env');
if (existsSync(dotenv)) {
  process.loadEnvFile(dotenv);
  const example = readFileSync(join(root, '.env.example'), 'utf8');
  for (const name of unknownNames(readFileSync(dotenv, 'utf8'), example))
    step(`.env: ${name} is ignored; .env.example has no such setting`);
}

const children = [];
let stopping = false;
/** Ends the server first, so that it can say goodbye while prices still come. */
async function stop(code) {
  if (stopping) return;
  stopping = true;
  for (const child of children.toReversed()) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGTERM');
    await new Promise((resolve) => child.once('exit', resolve));
  }
  process.exit(code);
}
process.once('SIGINT', () => void stop(0));
process.once('SIGTERM', () => void stop(0));

async function launch(program, env) {
  const { child, ready } = start(program, env);
  children.push(child);
  // without a code it was killed
  child.once('exit', (code) => void stop(code ?? 1));
  return ready;
}

const { SANDBOX = '' } = process.env;
if (!['', 'on', 'off'].includes(SANDBOX)) fail(`SANDBOX: "${SANDBOX}" is refused; it must be on or off`);
const usesSandbox = SANDBOX !== 'off';
let env = process.env;
try {
  if (usesSandbox) {
    const sandbox = await launch('dist/apps/sandbox/src/main.js', { SANDBOX_PORT: '0', ...process.env });
    env = {
      ...sandbox.settings,
      // the sandbox trades day and night
      MARKET_HOURS: 'always',
      SANDBOX_URL: sandbox.url,
      ...process.env,
    };
  }
  const server = await launch('dist/apps/server/src/main.js', env);
  const socket = `${server.url.replace('http', 'ws')}/ws`;
  process.stdout.write(`
Tickwire is running${usesSandbox ? ' on the vendor sandbox: prices are made up' : ''}. Ctrl-C stops it.

  Quotes           ${server.url}/api/v1/quotes?symbols=NSE:RELIANCE,BSE:500325
  Candles          ${server.url}/api/v1/candles?symbol=NSE:RELIANCE&interval=1m
  Symbols          ${server.url}/api/v1/symbols?q=bank
  API docs         ${server.url}/docs
  Health, metrics  ${server.url}/health  ${server.url}/metrics
  Socket.IO        ${server.url}
  Plain WebSocket  ${socket}
${usesSandbox ? `  Sandbox          ${env.SANDBOX_URL}/admin/stats\n` : ''}
See prices move, in another terminal:

  npm run watch -- --url ${socket} NSE:RELIANCE NSE:TCS BSE:500325

`);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  await stop(1);
}
