import type { Epoch } from '#domain';
import { compactEncodings } from './compact-encoding.js';
import type { Encoding, EncodingOptions, Format, Framing, MessageEncoder } from './encoding.js';
import { jsonEncodings, jsonMessages } from './json-encoding.js';
import { msgpackEncodings, msgpackMessages } from './msgpack-encoding.js';

/** Options in use at one time that are shared: clients choose among 2^18 sets of fields, and must not fill memory with them. */
const MAX_SHARED = 512;

/** Hands out one `Encoding` per set of options, so that equal clients share what is encoded. */
export class Encodings {
  private readonly shared = new Map<string, Encoding>();
  private readonly makers: Record<Format, (options: EncodingOptions) => Encoding>;

  constructor(epoch: Epoch) {
    this.makers = { json: jsonEncodings(epoch), msgpack: msgpackEncodings(epoch), compact: compactEncodings(epoch) };
  }

  for(options: EncodingOptions): Encoding {
    const { framing, format, compression, batch, mask } = options;
    const key = `${framing} ${format} ${compression} ${batch} ${mask}`;
    let encoding = this.shared.get(key);
    if (encoding === undefined) {
      encoding = this.makers[format](options);
      // the oldest goes; who has it keeps it, and only who asks for the same later no longer shares it
      if (this.shared.size >= MAX_SHARED) this.shared.delete(this.shared.keys().next().value as string);
      this.shared.set(key, encoding);
    }
    return encoding;
  }
}

const MESSAGES: Record<Framing, Record<Format, MessageEncoder>> = {
  'socket.io': {
    json: jsonMessages('socket.io'),
    msgpack: msgpackMessages('socket.io'),
    compact: jsonMessages('socket.io'),
  },
  websocket: {
    json: jsonMessages('websocket'),
    msgpack: msgpackMessages('websocket'),
    // only quotes have a compact form; everything else is rare and stays readable
    compact: jsonMessages('websocket'),
  },
};

/** How a door writes everything that is not a quote, in one format. */
export function messageEncoder(framing: Framing, format: Format): MessageEncoder {
  return MESSAGES[framing][format];
}
