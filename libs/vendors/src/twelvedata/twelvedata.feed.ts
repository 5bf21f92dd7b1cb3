import type { Instrument } from '#domain';
import type { VendorTools } from '../define-vendor.js';
import { WsFeed } from '../transports/ws-feed.js';
import type { TwelveDataAccount } from './twelvedata.account.js';
import type { TwelveDataEnv } from './twelvedata.env.js';
import { frameSignal, parseFrame } from './twelvedata.frames.js';
import { SymbolBook } from './twelvedata.symbols.js';

/** Symbols of one message: far below the megabyte a message may have. */
const SYMBOLS_PER_MESSAGE = 500;
/** Both official clients send one this often; the vendor answers each. */
const HEARTBEAT_MS = 10_000;

/** The price stream. A message of ours counts as one event, of which 100 a minute are allowed. */
export function twelveDataFeed(env: TwelveDataEnv, account: TwelveDataAccount, tools: VendorTools): WsFeed {
  const { apiKey, redact, carries, symbolOf } = account;
  const book = new SymbolBook();
  const url = new URL(env.streamUrl);
  url.searchParams.set('apikey', apiKey);
  const messages = (action: string, instruments: readonly Instrument[]): string[] => {
    const texts: string[] = [];
    for (let at = 0; at < instruments.length; at += SYMBOLS_PER_MESSAGE) {
      // objects, because the form `SBIN:NSE` is said to fail here
      const symbols = instruments.slice(at, at + SYMBOLS_PER_MESSAGE).map(symbolOf);
      texts.push(JSON.stringify({ action, params: { symbols } }));
    }
    return texts;
  };
  return new WsFeed(
    {
      id: 'twelvedata-stream',
      vendor: 'twelvedata',
      url: () => url.href,
      limits: { sockets: env.sockets, symbolsPerSocket: env.symbolsPerSocket },
      carries,
      // whatever the vendor may remember of a connection before, this one begins with nothing
      onOpen: () => ['{"action":"reset"}'],
      subscribe: (instruments) => {
        for (const instrument of instruments) book.asked(instrument, symbolOf(instrument));
        return messages('subscribe', instruments);
      },
      unsubscribe: (instruments) => messages('unsubscribe', instruments),
      messageGapMs: 600,
      heartbeat: { everyMs: HEARTBEAT_MS, message: '{"action":"heartbeat"}' },
      parse: (data, _isBinary, receivedAt) => parseFrame(data.toString(), book, receivedAt),
      signal: (data) => frameSignal(data.toString(), book),
      redact,
      refusals: [200, 401, 403],
      // three heartbeats without an answer
      deadAfterMs: 3 * HEARTBEAT_MS + 1000,
      handshakeMs: 10_000,
      maxFrameBytes: 1_048_576,
      backoff: { baseMs: 1000, maxMs: 30_000 },
      lingerMs: 10_000,
    },
    tools,
  );
}
