/** Numbers of the messages clients send. */
export const REQUEST = {
  auth: 1,
  throttling: 2,
  acknowledgement: 3,
  subscribe: 4,
  unsubscribe: 5,
  pause: 7,
  resume: 8,
  snapshot: 9,
  ping: 11,
  mode: 12,
} as const;

/** A message of a client. */
export interface HsmRequest {
  readonly type: number;
  readonly fields: ReadonlyMap<number, Buffer>;
}

/**
 * Reads a client's message by its fields. Its length is not looked at, since the vendor's own clients write wrong ones.
 * Undefined for what is no message.
 */
export function parseHsmRequest(bytes: Buffer): HsmRequest | undefined {
  const type = bytes[2];
  if (type === undefined) return undefined;
  const fields = new Map<number, Buffer>();
  let at = 4;
  for (let left = bytes[3] ?? 0; left > 0; left--) {
    if (at + 3 > bytes.length) return undefined;
    const end = at + 3 + bytes.readUInt16BE(at + 1);
    if (end > bytes.length) return undefined;
    fields.set(bytes[at] as number, bytes.subarray(at + 3, end));
    at = end;
  }
  return { type, fields };
}

/** Topics of a list: `u16 count`, then `u8 length, name` each. As many as there are when it ends early. */
export function topicsIn(list: Buffer | undefined): string[] {
  const topics: string[] = [];
  if (list === undefined || list.length < 2) return topics;
  let at = 2;
  for (let left = list.readUInt16BE(0); left > 0 && at < list.length; left--) {
    const end = at + 1 + (list[at] as number);
    if (end > list.length) return topics;
    topics.push(list.toString('latin1', at + 1, end));
    at = end;
  }
  return topics;
}

/** Numbers of the channels of a bit mask. */
export function channelsIn(mask: Buffer | undefined): number[] {
  if (mask?.length !== 8) return [];
  const bits = mask.readBigUInt64BE();
  return Array.from({ length: 64 }, (_, i) => i).filter((i) => (bits >> BigInt(i)) & 1n);
}
