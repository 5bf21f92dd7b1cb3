#!/usr/bin/env node
import { text } from 'node:stream/consumers';
import { run } from './run.js';

// the reader of our output has gone, as `| head` does
process.stdout.on('error', () => process.exit());

process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  now: Date.now(),
  stdin: () => text(process.stdin),
  interrupted: () =>
    new Promise((resolve) => {
      process.once('SIGINT', () => resolve());
      process.once('SIGTERM', () => resolve());
    }),
  ...(process.stderr.isTTY && { progress: (words) => void process.stderr.write(`\r${words}\r`) }),
  out: (words) => void process.stdout.write(words),
  err: (words) => void process.stderr.write(words),
});
