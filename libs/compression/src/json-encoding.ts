import { type Delta, type Epoch, type Instrument, QUOTE_FIELDS } from '#domain';
import type { Encoding, EncodingOptions, Framing, MessageEncoder } from './encoding.js';
import { FieldTexts, type FieldWriter } from './field-texts.js';
import { flatten } from './flatten.js';
import { asciiJson, isoTime } from './json-text.js';
import { wsFrame } from './ws-frame.js';

const KEYS = QUOTE_FIELDS.map((field) => `"${field.name}":`);

const jsonWriter: FieldWriter = {
  number(slot, value) {
    const kind = QUOTE_FIELDS[slot]?.kind;
    const text =
      kind === 'time' ? `"${isoTime(value)}"` : kind === 'flag' ? (value === 1 ? 'true' : 'false') : `${value}`;
    return KEYS[slot] + text;
  },
  cleared: (slot) => `${KEYS[slot]}null`,
  source: (source) => `"source":${asciiJson(source)}`,
  companyName: (name) => `"companyName":${asciiJson(name)}`,
};

/** Opening and closing text of a message of one type, up to where its own properties go. */
interface Envelope {
  readonly open: string;
  readonly close: string;
}

function envelope(framing: Framing, type: string): Envelope {
  return framing === 'socket.io' ? { open: `42["${type}",{`, close: '}]' } : { open: `{"type":"${type}",`, close: '}' };
}

/** Makes the JSON encodings of both doors over one store of field texts. */
export function jsonEncodings(epoch: Epoch): (options: EncodingOptions) => Encoding {
  const texts = new FieldTexts(jsonWriter, ',', epoch);
  const heads: string[] = [];
  const head = (instrument: Instrument, wireId: number): string =>
    (heads[wireId] ??= flatten(`"symbol":${asciiJson(instrument.id)}`));

  return (options) => {
    const { framing, compression, mask } = options;
    const single = envelope(framing, 'price_update');
    const many = envelope(framing, 'batch_update');
    const whole = envelope(framing, 'snapshot');

    const properties = (delta: Delta, previousSequence: number): string => {
      const fields = compression === 'delta' ? texts.changed(delta, mask) : texts.whole(delta, mask);
      const skipped = previousSequence === delta.sequence - 1 ? '' : `,"prev":${previousSequence}`;
      const { instrument, wireId } = delta;
      const symbol = compression === 'delta' ? '' : head(instrument, wireId) + ',';
      return `${head(instrument, wireId)},"seq":${delta.sequence}${skipped},"data":{${symbol}${fields.text}}`;
    };

    return {
      options,
      separator: ',',
      update(delta, previousSequence, now) {
        if ((delta.changed & mask) === 0) return '';
        const body = properties(delta, previousSequence);
        if (options.batch) return flatten(`,{${body}}`);
        return flatten(
          wsFrame('text', `${single.open}${body},"compression":"${compression}","timestamp":${now}${single.close}`),
        );
      },
      snapshot(quote, now) {
        const { text } = texts.whole(quote, mask);
        const symbol = head(quote.instrument, quote.wireId);
        const position = `,"epoch":${asciiJson(epoch.name)},"seq":${quote.sequence}`;
        const body = `${symbol}${position},"data":{${symbol},${text}},"timestamp":${now}`;
        return flatten(wsFrame('text', whole.open + body + whole.close));
      },
      batch(items, _count, now) {
        return wsFrame(
          'text',
          `${many.open}"updates":[${items}],"compression":"${compression}","timestamp":${now}${many.close}`,
        );
      },
    };
  };
}

export function jsonMessages(framing: Framing): MessageEncoder {
  return {
    message: (type, payload) =>
      wsFrame('text', framing === 'socket.io' ? `42${asciiJson([type, payload])}` : asciiJson({ type, ...payload })),
  };
}
