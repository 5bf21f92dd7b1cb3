import { readFile } from 'node:fs/promises';
import { ConfigError } from '#domain';

/** Reads a text file that a setting names. @throws ConfigError if it cannot be read */
export async function readConfigFile(setting: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new ConfigError([`${setting}: ${JSON.stringify(path)} cannot be read: ${(error as Error).message}`]);
  }
}
