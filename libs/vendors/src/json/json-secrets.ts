import { withSecrets } from './json-template.js';

/** Fills secrets in, and takes them out again of whatever is told to somebody. */
export class JsonSecrets {
  private readonly used = new Set<string>();

  constructor(private readonly secret: (key: string) => string | undefined) {}

  /** @throws ConfigError naming a secret that is not set */
  fillIn<T>(value: T): T {
    return withSecrets(value, (key) => {
      const found = this.secret(key);
      if (found) this.used.add(found);
      return found;
    });
  }

  readonly redact = (text: string): string =>
    [...this.used].reduce((clean, secret) => clean.replaceAll(secret, '***'), text);
}
