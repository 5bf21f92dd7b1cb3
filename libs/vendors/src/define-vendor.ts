import type { Clock, Log, Meter, Random, VendorConnections, VendorId } from '#domain';

/** What a vendor's connections may use of the world. */
export interface VendorTools {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly meter: Meter;
  /** Values that must not stand in plain configuration: `secret('key')` is the environment's `<VENDOR>_SECRET_KEY`. */
  readonly secret: (key: string) => string | undefined;
}

/** What a vendor is: its settings, and the connections made from them. */
export interface Vendor<Env extends object = object> {
  readonly id: VendorId;
  /** A class-validator class, each key with its unit, default and description. */
  readonly env: new () => Env;
  /** @throws ConfigError if the settings, though valid one by one, make no connection */
  connect(env: Env, tools: VendorTools): VendorConnections;
}

export function defineVendor<Env extends object>(vendor: Vendor<Env>): Vendor<Env> {
  return vendor;
}
