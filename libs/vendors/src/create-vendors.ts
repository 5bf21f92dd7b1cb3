import { ConfigError, type Instrument, readEnv, type VendorConnections } from '#domain';
import type { Vendor, VendorTools } from './define-vendor.js';
import * as registry from './registry.js';
import type { SymbolTables } from './symbol-tables.js';

type Environment = Readonly<Record<string, string | undefined>>;

const vendors: ReadonlyMap<string, Vendor> = new Map(
  Object.values(registry).map((vendor) => [vendor.id, vendor as Vendor]),
);

/** The vendor of a name. @throws ConfigError if there is none */
export function vendorOf(name: string): Vendor {
  const vendor = vendors.get(name);
  if (vendor !== undefined) return vendor;
  throw new ConfigError([
    `VENDORS: there is no vendor ${JSON.stringify(name)}; known are ${[...vendors.keys()].join(', ')}, and redis with REDIS_URL`,
  ]);
}

/** Each vendor's settings class, for the documentation. */
export function vendorEnvs(): Iterable<[string, new () => object]> {
  return [...vendors].map(([id, { env }]) => [id, env]);
}

/**
 * Makes the connections of the named vendors, in the order named.
 * @throws ConfigError if a name is unknown or a vendor's settings are wrong
 */
export function createVendors(
  names: readonly string[],
  environment: Environment,
  tools: Omit<VendorTools, 'secret' | 'symbolOf'>,
  symbols: SymbolTables = new Map(),
): VendorConnections[] {
  return names.map((name) => {
    const vendor = vendorOf(name);
    const secret = (key: string): string | undefined =>
      environment[`${name.toUpperCase()}_SECRET_${key.toUpperCase()}`];
    const table = symbols.get(name);
    const symbolOf = ({ id }: Instrument): string | undefined => table?.get(id);
    return vendor.connect(readEnv(vendor.env, environment), { ...tools, secret, symbolOf });
  });
}
