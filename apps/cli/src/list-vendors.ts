import { envKeys } from '#domain';
import { vendorEnvs, vendorOf } from '#vendors';
import type { Terminal } from './terminal.js';
import { textTable } from './text-table.js';

/** Names the vendors and their settings, and says which are set. Values are not shown: URLs and lists may hold credentials too. */
export function listVendors(terminal: Terminal): void {
  const { env } = terminal;
  for (const [vendor, type] of vendorEnvs()) {
    const prefix = `${vendor.toUpperCase()}_SECRET_`;
    const named = (vendorOf(vendor).secrets ?? []).map((key) => prefix + key.toUpperCase());
    const given = Object.keys(env).filter((key) => key.startsWith(prefix));
    const secrets = [...new Set([...named, ...given])].map((key) => [key, isSet(env, key), 'secret']);
    const settings = envKeys(type).map(({ key, description, unit }) => {
      return [key, isSet(env, key), unit === undefined ? description : `${description} [${unit}]`];
    });
    const rows = [...settings, ...secrets].map((cells) => [' ', ...cells]);
    terminal.out(`${vendor}\n${textTable([' ', 'setting', 'is', ''], rows)}\n`);
  }
}

function isSet(env: Terminal['env'], key: string): string {
  return env[key]?.trim() ? 'set' : 'not set';
}
