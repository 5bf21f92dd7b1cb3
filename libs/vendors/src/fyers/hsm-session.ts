import { type InstrumentId, type Tick, VendorFrameError } from '#domain';
import type { FrameContext } from '../transports/ws-feed.js';
import { unreadable } from './hsm-frame-error.js';
import { ENTRY, MESSAGE } from './hsm-protocol.js';
import { acknowledgement } from './hsm-requests.js';
import { readStatus } from './hsm-status.js';
import { readValues, type Topic } from './hsm-values.js';

/** Length, type, message number, number of entries. */
const DATA_HEAD = 9;
const TYPE_AT = 2;
/** Values of a lite entry: the price. */
const LITE_COUNT = 1;
/** Between a snapshot's values and its texts: two bytes nobody uses, u16 multiplier, u8 precision. */
const SCALE_BYTES = 5;
/** More decimals than an i32 has digits are none. */
const MAX_PRECISION = 9;
/** Exchange segment, exchange token, trading symbol; all three are in the topic's name already. */
const SNAPSHOT_TEXTS = 3;
const INDEX_TOPIC = 'if|';

/**
 * One connection's side of the HSM protocol. A snapshot gives a topic its number and scale, which are good for this connection only;
 * updates are nothing without them.
 */
export class HsmSession {
  /** By number; undefined for those that are nobody's. */
  private readonly topics = new Map<number, Topic | undefined>();
  private ackEvery = 0;
  private unacknowledged = 0;
  /** Where the entry after the present one begins. */
  private next = 0;

  /** @param instrumentOf whose a topic is: `sf|nse_cm|3045`; undefined when it was not asked for */
  constructor(private readonly instrumentOf: (topic: string) => InstrumentId | undefined) {}

  /**
   * Turns one message of the vendor into ticks, and acknowledges it when that is due.
   * Shape  `u16 length, u8 type, body`. Type 6, data: `u32 message number, u16 entries`, then entries, each of them
   *        `S u16 topic, u8 n, name, u8 count, i32..., u16, u16 multiplier, u8 precision, 3 texts of u8 n`,
   *        `U u16 topic, u8 count, i32...` or `L u16 topic, i32`. The length is not looked at: clients of FYERS disagree about it.
   * Units  a price is an i32 / (multiplier * 10^precision); see `readValues`
   * Emits  at most one tick per entry; none for answers and the `master data` message
   * @throws VendorFrameError if nothing of it can be read; a part that cannot is reported through `context`
   */
  receive(frame: Buffer, receivedAt: number, context: FrameContext): Tick[] {
    if (frame.length <= TYPE_AT) throw unreadable('a message without a type', frame);
    switch (frame[TYPE_AT]) {
      case MESSAGE.data:
        return this.data(frame, receivedAt, context);
      case MESSAGE.auth:
        this.ackEvery = readStatus(frame).ackEvery;
        return [];
      case MESSAGE.subscribe:
      case MESSAGE.unsubscribe:
      case MESSAGE.channelPause:
      case MESSAGE.channelResume:
      case MESSAGE.snapshotRequest:
      case MESSAGE.optionChain:
      case MESSAGE.mode:
        // what it means for the connection is asked for by itself
        readStatus(frame);
        return [];
      case MESSAGE.masterData:
        return [];
      default:
        throw unreadable(`a message of the unknown type ${frame[TYPE_AT]}`, frame);
    }
  }

  private data(frame: Buffer, receivedAt: number, context: FrameContext): Tick[] {
    if (frame.length < DATA_HEAD) throw unreadable('a data message that ends early', frame);
    this.acknowledge(frame.readUInt32BE(3), context);
    const ticks: Tick[] = [];
    this.next = DATA_HEAD;
    try {
      for (let left = frame.readUInt16BE(7); left > 0; left--) {
        const made = this.entry(frame, this.next, receivedAt, context);
        if (made !== undefined) ticks.push(made);
      }
    } catch (error) {
      if (ticks.length === 0 || !(error instanceof VendorFrameError)) throw error;
      context.malformed(error);
    }
    return ticks;
  }

  private acknowledge(messageNumber: number, context: FrameContext): void {
    if (this.ackEvery === 0 || ++this.unacknowledged < this.ackEvery) return;
    this.unacknowledged = 0;
    context.reply(acknowledgement(messageNumber));
  }

  private entry(frame: Buffer, at: number, receivedAt: number, context: FrameContext): Tick | undefined {
    if (at + 4 > frame.length) throw endsEarly(frame, at);
    const number = frame.readUInt16BE(at + 1);
    switch (frame[at]) {
      case ENTRY.update: {
        const count = frame[at + 3] as number;
        return this.values(frame, at, at + 4, count, number, receivedAt, context);
      }
      case ENTRY.lite:
        return this.values(frame, at, at + 3, LITE_COUNT, number, receivedAt, context);
      case ENTRY.snapshot:
        return this.snapshot(frame, at, number, receivedAt, context);
      default:
        throw unreadable(`an entry of the unknown kind ${frame[at]}`, frame, at);
    }
  }

  private values(
    frame: Buffer,
    entryAt: number,
    at: number,
    count: number,
    number: number,
    receivedAt: number,
    context: FrameContext,
  ): Tick | undefined {
    this.next = at + 4 * count;
    if (this.next > frame.length) throw endsEarly(frame, entryAt);
    const topic = this.topics.get(number);
    if (topic !== undefined) return readValues(frame, at, count, false, topic, receivedAt);
    if (!this.topics.has(number)) context.malformed(unreadable('an update before its snapshot', frame, entryAt));
    return undefined;
  }

  private snapshot(
    frame: Buffer,
    entryAt: number,
    number: number,
    receivedAt: number,
    context: FrameContext,
  ): Tick | undefined {
    const nameAt = entryAt + 4;
    const countAt = nameAt + (frame[entryAt + 3] as number);
    if (countAt >= frame.length) throw endsEarly(frame, entryAt);
    const count = frame[countAt] as number;
    const at = countAt + 1;
    const scaleAt = at + 4 * count;
    this.next = scaleAt + SCALE_BYTES;
    for (let i = 0; i < SNAPSHOT_TEXTS; i++) this.next += 1 + (frame[this.next] ?? frame.length);
    if (this.next > frame.length) throw endsEarly(frame, entryAt);

    this.topics.set(number, undefined);
    const name = frame.toString('latin1', nameAt, countAt);
    const instrument = this.instrumentOf(name);
    if (instrument === undefined) {
      context.malformed(unreadable('a snapshot of a topic nobody asked for', frame, entryAt));
      return undefined;
    }
    const multiplier = frame.readUInt16BE(scaleAt + 2);
    const precision = frame[scaleAt + 4] as number;
    if (multiplier === 0 || precision > MAX_PRECISION) {
      context.malformed(unreadable('a snapshot whose prices have no scale', frame, entryAt));
      return undefined;
    }
    const divisor = multiplier * 10 ** precision;
    const topic: Topic = { instrument, kind: name.startsWith(INDEX_TOPIC) ? 'index' : 'scrip', divisor };
    this.topics.set(number, topic);
    return readValues(frame, at, count, true, topic, receivedAt);
  }
}

function endsEarly(frame: Buffer, at: number): VendorFrameError {
  return unreadable('an entry that ends early', frame, at);
}
