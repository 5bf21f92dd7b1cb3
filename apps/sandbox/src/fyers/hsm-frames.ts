import { STREAM_CONFIGURATION } from './hsm-fields.js';

/** No value in a snapshot, not changed in an update. */
export const NO_VALUE = -0x80000000;

const TYPE = { auth: 1, data: 6 } as const;
const ACCEPTED = 'K';
const REFUSED = 'N';

/** What a snapshot says of a topic beside its values. */
export interface TopicDetails {
  /** Good for one connection. */
  readonly number: number;
  /** `sf|nse_cm|3045` */
  readonly name: string;
  /** Prices are sent as integers: times 10 to the power of it. */
  readonly precision: number;
  readonly tradingSymbol: string;
}

/** @param ackEvery every so manieth data message is to be acknowledged */
export function authAccepted(ackEvery: number): Buffer {
  const count = Buffer.alloc(4);
  count.writeUInt32BE(ackEvery);
  return message(TYPE.auth, [
    Buffer.of(3),
    field(1, Buffer.from(ACCEPTED)),
    field(2, count),
    field(3, Buffer.from(STREAM_CONFIGURATION)),
  ]);
}

/** Answer to a message of a type. */
export function status(type: number, isAccepted: boolean): Buffer {
  return message(type, [Buffer.of(1), field(1, Buffer.from(isAccepted ? ACCEPTED : REFUSED))]);
}

/** @param number of the message on its connection, from 1; it wraps */
export function dataMessage(number: number, entries: readonly Buffer[]): Buffer {
  const start = Buffer.alloc(6);
  start.writeUInt32BE(number);
  start.writeUInt16BE(entries.length, 4);
  return message(TYPE.data, [start, ...entries]);
}

export function snapshotEntry(topic: TopicDetails, values: readonly number[]): Buffer {
  const [, segment = '', token = ''] = topic.name.split('|');
  const scale = Buffer.alloc(5);
  scale.writeUInt16BE(1, 2);
  scale[4] = topic.precision;
  const texts = [segment, token, topic.tradingSymbol].map((part) => text(part));
  return Buffer.concat([head('S', topic.number), text(topic.name), counted(values), scale, ...texts]);
}

export function updateEntry(topicNumber: number, values: readonly number[]): Buffer {
  return Buffer.concat([head('U', topicNumber), counted(values)]);
}

export function liteEntry(topicNumber: number, price: number): Buffer {
  return Buffer.concat([head('L', topicNumber), integers([price])]);
}

function message(type: number, parts: readonly Buffer[]): Buffer {
  const whole = Buffer.concat([Buffer.of(0, 0, type), ...parts]);
  whole.writeUInt16BE(whole.length - 2);
  return whole;
}

function field(id: number, bytes: Buffer): Buffer {
  const start = Buffer.of(id, 0, 0);
  start.writeUInt16BE(bytes.length, 1);
  return Buffer.concat([start, bytes]);
}

function head(kind: 'S' | 'U' | 'L', topicNumber: number): Buffer {
  const start = Buffer.from(`${kind}\0\0`);
  start.writeUInt16BE(topicNumber, 1);
  return start;
}

function counted(values: readonly number[]): Buffer {
  return Buffer.concat([Buffer.of(values.length), integers(values)]);
}

function integers(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) bytes.writeInt32BE(value, 4 * i);
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}
