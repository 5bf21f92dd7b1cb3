import 'reflect-metadata';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';

/** How one key of the environment is documented. */
export interface EnvKeyInfo {
  /** Name in the environment: `PORT`. */
  readonly key: string;
  readonly description: string;
  /** Unit of a number: `ms`, `bytes`, `requests/s`. */
  readonly unit?: string;
  /** Redacted in logs and never given a value in `.env.example`. */
  readonly secret?: boolean;
}

type EnvClass<T extends object> = new () => T;
interface EnvProperty extends EnvKeyInfo {
  readonly property: string;
}

const properties = new WeakMap<object, EnvProperty[]>();

/** Marks a property of a config class as read from the environment; its initial value is the default. */
export function EnvKey(info: EnvKeyInfo): PropertyDecorator {
  return (prototype, property) => {
    const own = properties.get(prototype) ?? [];
    properties.set(prototype, [...own, { ...info, property: String(property) }]);
  };
}

/** The documented keys of a config class with their defaults, in order of declaration. */
export function envKeys<T extends object>(type: EnvClass<T>): (EnvProperty & { readonly defaultValue: unknown })[] {
  const defaults = new type() as Record<string, unknown>;
  return (properties.get(type.prototype) ?? []).map((entry) => ({ ...entry, defaultValue: defaults[entry.property] }));
}

/** The environment is not usable; `problems` names each key and what it must be. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`The configuration is not valid:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/**
 * Reads a config class from the environment: absent or empty keys keep the default, numbers and booleans are converted, the result is validated.
 * @throws ConfigError naming every wrong key, never the value of a secret
 */
export function readEnv<T extends object>(type: EnvClass<T>, env: Readonly<Record<string, string | undefined>>): T {
  const problems: string[] = [];
  const raw: Record<string, unknown> = {};
  const keys = envKeys(type);
  for (const { key, property, defaultValue } of keys) {
    const text = env[key]?.trim();
    raw[property] = text === undefined || text === '' ? defaultValue : convert(text, defaultValue);
  }
  const config = plainToInstance(type, raw);
  for (const error of validateSync(config, { whitelist: true })) {
    const entry = keys.find((candidate) => candidate.property === error.property);
    const shown = entry?.secret ? 'the value given' : JSON.stringify(env[entry?.key ?? ''] ?? error.value);
    const rule = Object.values(error.constraints ?? {}).map((text) => text.replace(error.property, '').trim());
    problems.push(`${entry?.key ?? error.property}: ${shown} is refused; it ${rule.join(' and ')}`);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

function convert(text: string, defaultValue: unknown): unknown {
  if (typeof defaultValue === 'number') return Number(text);
  if (typeof defaultValue === 'boolean')
    return text === 'true' || text === '1' ? true : text === 'false' || text === '0' ? false : text;
  if (Array.isArray(defaultValue))
    return text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '');
  return text;
}
