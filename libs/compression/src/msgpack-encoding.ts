import { type Delta, type Epoch, type Instrument, QUOTE_FIELDS } from '#domain';
import { Packr } from 'msgpackr';
import type { Encoding, EncodingOptions, Framing, MessageEncoder } from './encoding.js';
import { type FieldText, FieldTexts, type FieldWriter } from './field-texts.js';
import { flatten } from './flatten.js';
import { isoTime } from './json-text.js';
import { wsFrame } from './ws-frame.js';

// plain maps and 64-bit floats, so that any MessagePack reader gives the objects of the contract
const packr = new Packr({ useRecords: false, variableMapSize: true });

/** Any value as MessagePack bytes. */
function pack(value: unknown): string {
  return packr.pack(value).toString('latin1');
}

const KEYS = QUOTE_FIELDS.map((field) => pack(field.name));
const SYMBOL = pack('symbol');
const SEQ = pack('seq');
const PREV = pack('prev');
const DATA = pack('data');
const EPOCH = pack('epoch');
const TYPE = pack('type');
const TIMESTAMP = pack('timestamp');
const COMPRESSION = pack('compression');
const UPDATES = pack('updates');

const msgpackWriter: FieldWriter = {
  number(slot, value) {
    const kind = QUOTE_FIELDS[slot]?.kind;
    return (
      KEYS[slot] + (kind === 'time' ? pack(isoTime(value)) : kind === 'flag' ? pack(value === 1) : packNumber(value))
    );
  },
  cleared: (slot) => KEYS[slot] + pack(null),
  source: (source) => pack('source') + pack(source),
  companyName: (name) => pack('companyName') + pack(name),
};

const double = Buffer.alloc(9);
double[0] = 0xcb;

/** Integers of up to 32 bits in their shortest form, everything else as a float of 64 bits, which every reader gives back as a number. */
function packNumber(value: number): string {
  if (Number.isInteger(value) && value >= 0 && value <= 0xffffffff) {
    if (value < 128) return String.fromCharCode(value);
    if (value < 256) return String.fromCharCode(0xcc, value);
    if (value < 65_536) return String.fromCharCode(0xcd, value >> 8, value & 255);
    return String.fromCharCode(0xce, value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
  }
  double.writeDoubleBE(value, 1);
  return double.toString('latin1');
}

function mapHead(entries: number): string {
  return entries < 16 ? String.fromCharCode(0x80 | entries) : String.fromCharCode(0xde, entries >> 8, entries & 255);
}

function arrayHead(items: number): string {
  if (items < 16) return String.fromCharCode(0x90 | items);
  if (items < 65_536) return String.fromCharCode(0xdc, items >> 8, items & 255);
  return String.fromCharCode(0xdd, items >>> 24, (items >>> 16) & 255, (items >>> 8) & 255, items & 255);
}

/** A message of `entries` properties: on the plain WebSocket its type is one more, on Socket.IO the event frame before it says so. */
function frame(framing: Framing, type: string, entries: number, body: string): string {
  if (framing === 'websocket') return wsFrame('binary', mapHead(entries + 1) + TYPE + pack(type) + body);
  return wsFrame('text', `451-["${type}",{"_placeholder":true,"num":0}]`) + wsFrame('binary', mapHead(entries) + body);
}

/** Makes the MessagePack encodings of both doors: the objects of the JSON contract, byte for byte smaller. */
export function msgpackEncodings(epoch: Epoch): (options: EncodingOptions) => Encoding {
  const texts = new FieldTexts(msgpackWriter, '', epoch);
  const heads: string[] = [];
  const head = (instrument: Instrument, wireId: number): string =>
    (heads[wireId] ??= flatten(SYMBOL + pack(instrument.id)));
  const dataMap = (fields: Readonly<FieldText>, symbol: string): string =>
    DATA + mapHead(fields.count + (symbol === '' ? 0 : 1)) + symbol + fields.text;

  return (options) => {
    const { framing, compression, mask } = options;
    const compressionText = COMPRESSION + pack(compression);

    return {
      options,
      separator: '',
      update(delta: Delta, previousSequence, now) {
        if ((delta.changed & mask) === 0) return '';
        const symbol = head(delta.instrument, delta.wireId);
        const data =
          compression === 'delta' ? dataMap(texts.changed(delta, mask), '') : dataMap(texts.whole(delta, mask), symbol);
        const isNext = previousSequence === delta.sequence - 1;
        const prev = isNext ? '' : PREV + packNumber(previousSequence);
        const body = symbol + SEQ + packNumber(delta.sequence) + prev + data;
        const entries = isNext ? 3 : 4;
        if (options.batch) return flatten(mapHead(entries) + body);
        return flatten(
          frame(framing, 'price_update', entries + 2, body + compressionText + TIMESTAMP + packNumber(now)),
        );
      },
      snapshot(quote, now) {
        const symbol = head(quote.instrument, quote.wireId);
        const data = dataMap(texts.whole(quote, mask), symbol);
        const position = EPOCH + pack(epoch.name) + SEQ + packNumber(quote.sequence);
        const body = symbol + position + data + TIMESTAMP + packNumber(now);
        return flatten(frame(framing, 'snapshot', 5, body));
      },
      batch(items, count, now) {
        const body = UPDATES + arrayHead(count) + items + compressionText + TIMESTAMP + packNumber(now);
        return frame(framing, 'batch_update', 3, body);
      },
    };
  };
}

export function msgpackMessages(framing: Framing): MessageEncoder {
  return {
    message(type, payload) {
      if (framing === 'websocket') return wsFrame('binary', pack({ type, ...payload }));
      return wsFrame('text', `451-["${type}",{"_placeholder":true,"num":0}]`) + wsFrame('binary', pack(payload));
    },
  };
}
