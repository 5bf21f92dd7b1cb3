// Which names in a .env file nobody reads.
import { parseEnv } from 'node:util';

// not in the example: the sandbox's settings, vendors' secrets, and what Node, OpenSSL and libuv read themselves
const FREE =
  /^(SANDBOX(_.*)?|.*_SECRET_.*|NODE_.*|TZ|NO_COLOR|FORCE_COLOR|SSL_CERT_(FILE|DIR)|OPENSSL_.*|UV_.*|(HTTPS?|NO)_PROXY|(https?|no)_proxy)$/;

/** Names set in `text` that `example` does not list. */
export function unknownNames(text, example) {
  const known = new Set([...example.matchAll(/^#?([A-Z][A-Z0-9_]*)=/gm)].map(([, name]) => name));
  return Object.keys(parseEnv(text)).filter((name) => !known.has(name) && !FREE.test(name));
}
