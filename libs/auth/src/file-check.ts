import { plainToInstance } from 'class-transformer';
import { type ValidationError, validateSync } from 'class-validator';
import { ConfigError } from '#domain';

/**
 * Reads a JSON file's text as an object.
 * @param where setting and path, put before each problem
 * @throws ConfigError if it is none
 */
export function parseJsonObject(text: string, where: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ConfigError([`${where} is not JSON: ${(error as Error).message}`]);
  }
  if (isObject(value)) return value;
  throw new ConfigError([`${where} must hold a JSON object`]);
}

/**
 * Checks a part of a file against its class; a property the class does not have is a problem too, because it is mostly a misspelt limit.
 * @throws ConfigError naming every problem by its place in the file
 */
export function checked<T extends object>(type: new () => T, value: unknown, where: string, place: string): T {
  if (!isObject(value)) throw new ConfigError([`${where}: ${place} must be an object`]);
  const instance = plainToInstance(type, value);
  const problems = validateSync(instance, { whitelist: true, forbidNonWhitelisted: true });
  if (problems.length > 0) throw new ConfigError(problems.map((problem) => `${where}: ${place}.${inWords(problem)}`));
  return instance;
}

function inWords({ property, constraints }: ValidationError): string {
  const rules = Object.values(constraints ?? {}).map((text) => text.replace(property, '').trim());
  return `${property} ${rules.join(' and ')}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
