import { type HsmMode, MESSAGE } from './hsm-protocol.js';

/** The channel all our topics go by; any of 11 to 30 starts in full mode. */
const CHANNEL = 11;
/** Connects for market data, as FYERS' own clients do. */
const CONNECTION_MODE = 'P';
/** What FYERS' client for this platform calls itself; whether another name is accepted is not known. */
const SOURCE = 'JS_API';
const MODE_BYTE: Readonly<Record<HsmMode, string>> = { full: 'F', lite: 'L' };

/** The first message of a connection. Asks for the stream's configuration too, as every known client does. @param hsmKey the token's claim */
export function authRequest(hsmKey: string): Buffer {
  return message(MESSAGE.auth, [
    Buffer.from(hsmKey, 'latin1'),
    Buffer.from(CONNECTION_MODE),
    Buffer.of(1),
    Buffer.from(SOURCE),
  ]);
}

/** @param topics such as `sf|nse_cm|3045`, at most 255 characters each and 1,500 in all */
export function subscribeRequest(topics: readonly string[]): Buffer {
  return message(MESSAGE.subscribe, [topicList(topics), Buffer.of(CHANNEL)]);
}

export function unsubscribeRequest(topics: readonly string[]): Buffer {
  return message(MESSAGE.unsubscribe, [topicList(topics), Buffer.of(CHANNEL)]);
}

export function modeRequest(mode: HsmMode): Buffer {
  const channels = Buffer.alloc(8);
  channels.writeBigUInt64BE(1n << BigInt(CHANNEL));
  return message(MESSAGE.mode, [channels, Buffer.from(MODE_BYTE[mode])]);
}

/** Says that a data message has come. @param messageNumber as that message gave it */
export function acknowledgement(messageNumber: number): Buffer {
  const number = Buffer.alloc(4);
  number.writeUInt32BE(messageNumber);
  return message(MESSAGE.acknowledgement, [number]);
}

/** Keeps the connection in the vendor's mind; nothing answers it. */
export const PING: Buffer = Buffer.of(0, 1, MESSAGE.ping);

/** A message of numbered fields: `u8 id` from 1, `u16 length`, bytes. */
function message(type: number, fields: readonly Buffer[]): Buffer {
  const parts = fields.flatMap((field, i) => {
    const head = Buffer.of(i + 1, 0, 0);
    head.writeUInt16BE(field.length, 1);
    return [head, field];
  });
  const whole = Buffer.concat([Buffer.of(0, 0, type, fields.length), ...parts]);
  whole.writeUInt16BE(whole.length - 2);
  return whole;
}

function topicList(topics: readonly string[]): Buffer {
  const count = Buffer.alloc(2);
  count.writeUInt16BE(topics.length);
  return Buffer.concat([
    count,
    ...topics.flatMap((topic) => {
      const name = Buffer.from(topic, 'latin1');
      return [Buffer.of(name.length), name];
    }),
  ]);
}
