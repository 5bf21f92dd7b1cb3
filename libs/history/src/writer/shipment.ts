/** Rows on their way to one table, sent as a whole and stored once, however often they are sent. */
export interface Shipment {
  readonly token: string;
  readonly table: string;
  readonly format: 'Native' | 'JSONEachRow';
  readonly rows: number;
  readonly bytes: Buffer;
}

const HEAD = 4;

/** A shipment as a file keeps it: length of the head, the head in JSON, the rows. */
export function packed({ bytes, ...head }: Shipment): Buffer {
  const text = Buffer.from(JSON.stringify(head));
  const length = Buffer.allocUnsafe(HEAD);
  length.writeUInt32LE(text.length, 0);
  return Buffer.concat([length, text, bytes]);
}

/** @param bytes what `packed` made, unchanged */
export function unpacked(bytes: Buffer): Shipment {
  const end = HEAD + bytes.readUInt32LE(0);
  const head = JSON.parse(bytes.toString('utf8', HEAD, end)) as Omit<Shipment, 'bytes'>;
  return { ...head, bytes: bytes.subarray(end) };
}
