import type { Instrument } from '#domain';
import { defineVendor } from '../define-vendor.js';
import { AccessToken } from '../transports/access-token.js';
import { WsFeed } from '../transports/ws-feed.js';
import { authorize, withoutCode } from './upstox.authorize.js';
import { UpstoxEnv } from './upstox.env.js';
import { limitsOf } from './upstox.limits.js';
import { parseFeedFrame } from './upstox.parse.js';
import { readRefusal } from './upstox.refusal.js';
import { UpstoxRequests } from './upstox.requests.js';
import { SegmentLog } from './upstox.segments.js';
import { readInstruments, shareKey } from './upstox.symbols.js';
import { tokenExpiry } from './upstox.token.js';

const VENDOR = 'upstox';

/** Market data feed V3 of Upstox: one stream of protobuf frames, one mode for all of it. */
export const upstox = defineVendor({
  id: VENDOR,
  env: UpstoxEnv,
  symbolFile: readInstruments,
  connect(env, tools) {
    const token = new AccessToken(
      { vendor: VENDOR, file: env.tokenFile, secret: 'access_token', expiresAt: tokenExpiry(tools.clock) },
      tools,
    );
    const requests = new UpstoxRequests(
      env.mode,
      (instrument) => tools.symbolOf(instrument) ?? shareKey(instrument),
      tools.clock,
    );
    const segments = new SegmentLog(tools.log);
    const instrumentOf = (key: string): Instrument | undefined => requests.instrumentOf(key);
    const segment = segments.heard.bind(segments);

    const feed = new WsFeed(
      {
        id: VENDOR,
        vendor: VENDOR,
        url: () => authorize(env.baseUrl, token.current(), tools.clock),
        limits: limitsOf(env.tier, env.mode, env.sockets),
        carries: (instrument) => requests.carries(instrument),
        subscribe: (instruments) => requests.subscribe(instruments),
        unsubscribe: (instruments) => requests.unsubscribe(instruments),
        parse: (data, isBinary, receivedAt, { malformed }) => {
          if (isBinary) return parseFeedFrame(data, receivedAt, { instrumentOf, malformed, segment });
          readRefusal(data.toString());
          return [];
        },
        signal: (data, isBinary) => (isBinary ? undefined : requests.heed(readRefusal(data.toString()))),
        // a code that came too late is refused with 401; the token has been judged before
        refusals: [403],
        redact: withoutCode,
        // a mute socket fails to answer our ping, and is found out 10 to 20 s after its last word
        heartbeat: { everyMs: 10_000 },
        deadAfterMs: 15_000,
        // everything subscribed begins with a snapshot; unknown keys are passed over in silence
        firstTickMs: 10_000,
        handshakeMs: 10_000,
        // the snapshot of 5000 keys, or of 50 with 30 levels, stays well below 1 MB
        maxFrameBytes: 8_388_608,
        backoff: { baseMs: 1000, maxMs: 30_000 },
        lingerMs: 10_000,
      },
      tools,
    );
    return { feeds: [feed], sources: [], credentials: [token] };
  },
});
