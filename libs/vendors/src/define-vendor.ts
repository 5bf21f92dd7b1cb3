import type {
  Clock,
  Instrument,
  Log,
  Meter,
  Random,
  Recording,
  VendorConnections,
  VendorId,
  VendorTurn,
  WantedRecording,
} from '#domain';

/** What a vendor's connections may use of the world. */
export interface VendorTools {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly meter: Meter;
  /** Present where other processes call the same vendors on the same plans. */
  readonly turn?: VendorTurn | undefined;
  /** Values that must not stand in plain configuration: `secret('key')` is the environment's `<VENDOR>_SECRET_KEY`. */
  readonly secret: (key: string) => string | undefined;
  /** Whether trades of an exchange should follow one another now, so that silence is a sign. */
  readonly isTrading: (exchange: string) => boolean;
  /** The vendor's own symbol of an instrument, from its symbol file or the user's; undefined when neither names it. */
  readonly symbolOf: (instrument: Instrument) => string | undefined;
  /** What was recorded; undefined where nothing is. */
  readonly recordings?: ((wanted: WantedRecording) => Recording) | undefined;
}

/** One row of a vendor's published symbol file: its symbol, and by what it can be found in the instrument master. */
export interface VendorSymbol {
  readonly symbol: string;
  /** As in the master: `NSE`. */
  readonly exchange: string;
  readonly ticker?: string;
  readonly isin?: string;
  /** Scrip code on BSE. */
  readonly bseCode?: string;
}

/** What a vendor is: its settings, and the connections made from them. */
export interface Vendor<Env extends object = object> {
  readonly id: VendorId;
  /** A class-validator class, each key with its unit, default and description. */
  readonly env: new () => Env;
  /** Keys of the secrets it may ask for. */
  readonly secrets?: readonly string[];
  /** Reads the symbol file the vendor publishes; absent where its symbols always follow from the instrument. */
  symbolFile?(text: string): Iterable<VendorSymbol>;
  /** @throws ConfigError if the settings, though valid one by one, make no connection */
  connect(env: Env, tools: VendorTools): VendorConnections;
}

export function defineVendor<Env extends object>(vendor: Vendor<Env>): Vendor<Env> {
  return vendor;
}
