import { ConfigError, type Instrument } from '#domain';
import { defineVendor } from '../define-vendor.js';
import { WsFeed } from '../transports/ws-feed.js';
import { leadingChannel } from './polygon.channels.js';
import { conditionsWithoutPrice } from './polygon.conditions.js';
import { PolygonEnv } from './polygon.env.js';
import { parsePolygonFrame, type PolygonOptions, VENDOR } from './polygon.parse.js';
import { polygonClose, polygonSignal } from './polygon.status.js';

const EXCHANGES = new Set(['NASDAQ', 'NYSE']);
/** The vendor sets no limit; a message of this many tickers is about 20 KB. */
const TICKERS_PER_MESSAGE = 500;

/** US stocks by the stream of Polygon.io, now Massive. */
export const polygon = defineVendor({
  id: VENDOR,
  env: PolygonEnv,
  secrets: ['api_key'],
  connect(env, tools) {
    const key = tools.secret('api_key');
    if (!key) throw new ConfigError(['POLYGON_SECRET_API_KEY: polygon needs it, and it is not set']);
    const asked = new Map<string, Instrument>();
    const tickerOf = (instrument: Instrument): string => tools.symbolOf(instrument) ?? instrument.ticker;
    const leading = leadingChannel(env.channels);
    const options: PolygonOptions = {
      instrumentOf: (ticker) => asked.get(ticker),
      leading,
      lotSize: env.lotSize,
      conditionsWithoutPrice: conditionsWithoutPrice(env.extendedHours),
    };
    const messages = (action: 'subscribe' | 'unsubscribe', instruments: readonly Instrument[]): string[] => {
      const made: string[] = [];
      for (let at = 0; at < instruments.length; at += TICKERS_PER_MESSAGE) {
        const tickers = instruments.slice(at, at + TICKERS_PER_MESSAGE).map(tickerOf);
        const topics = tickers.flatMap((ticker) => env.channels.map((channel) => `${channel}.${ticker}`));
        made.push(JSON.stringify({ action, params: topics.join(',') }));
      }
      return made;
    };

    const feed = new WsFeed(
      {
        id: VENDOR,
        vendor: VENDOR,
        url: () => env.url,
        // plans with delayed data have a host of their own
        isDelayed: new URL(env.url).hostname.startsWith('delayed'),
        // one connection to the stocks cluster is all that an account has
        limits: { sockets: 1, symbolsPerSocket: 100_000 },
        carries: ({ exchange }) => EXCHANGES.has(exchange),
        awaitsReady: true,
        subscribe: (instruments) => {
          for (const instrument of instruments) asked.set(tickerOf(instrument), instrument);
          return messages('subscribe', instruments);
        },
        unsubscribe: (instruments) => messages('unsubscribe', instruments),
        // there is no heartbeat but this, and no data out of hours; a quarter of the time is left for the answer
        heartbeat: { everyMs: env.deadAfterMs * 0.75 },
        parse: (data, _isBinary, receivedAt, context) =>
          parsePolygonFrame(data, receivedAt, options, {
            malformed: (error) => context.malformed(error),
            connected: () => context.reply(JSON.stringify({ action: 'auth', params: key })),
          }),
        signal: (data) => polygonSignal(data, leading, (ticker) => asked.get(ticker)?.id),
        closed: polygonClose,
        redact: (text) => text.replaceAll(key, '***'),
        deadAfterMs: env.deadAfterMs,
        handshakeMs: 10_000,
        maxFrameBytes: 4_194_304,
        backoff: { baseMs: 1000, maxMs: 30_000 },
        lingerMs: 10_000,
      },
      tools,
    );
    return { feeds: [feed], sources: [] };
  },
});
