// Which names in a .env file nobody reads.
import { parseEnv } from 'node:util';

// not in the example: the sandbox's settings, vendors' secrets, and what Node itself reads
const FREE = /^(SANDBOX(_.*)?|NODE_.*|TZ|.*_SECRET_.*)$/;

/** Names set in `text` that `example` does not list. */
export function unknownNames(text, example) {
  const known = new Set([...example.matchAll(/^#?([A-Z][A-Z0-9_]*)=/gm)].map(([, name]) => name));
  return Object.keys(parseEnv(text)).filter((name) => !known.has(name) && !FREE.test(name));
}
