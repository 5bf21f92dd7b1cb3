/** Words of the HSM protocol, in which FYERS streams market data. Big-endian; every message is `u16 length, u8 type, body`. */
export const MESSAGE = {
  auth: 1,
  acknowledgement: 3,
  subscribe: 4,
  unsubscribe: 5,
  data: 6,
  channelPause: 7,
  channelResume: 8,
  snapshotRequest: 9,
  optionChain: 10,
  ping: 11,
  mode: 12,
  masterData: 13,
} as const;

/** Kinds of the entries of a data message. */
export const ENTRY = { snapshot: 0x53, update: 0x55, lite: 0x4c } as const;

/** The one status that is no failure: `K`; the other is `N`. */
export const ACCEPTED = 0x4b;

/** Stands for "no value" in a snapshot, and for "not changed" in an update. */
export const NO_VALUE = -0x80000000;

/** `full`: every field. `lite`: after the snapshot only the price. */
export type HsmMode = 'full' | 'lite';
