import { type Instrument, type InstrumentId, type Tick, VendorFrameError } from '#domain';
import { defineVendor } from '../define-vendor.js';
import { AccessToken } from '../transports/access-token.js';
import { type FrameContext, type FrameSignal, WsFeed } from '../transports/ws-feed.js';
import { readFyersToken } from './fyers-token.js';
import { FyersEnv } from './fyers.env.js';
import { readFyersSymbols } from './fyers.symbols.js';
import { MESSAGE } from './hsm-protocol.js';
import { authRequest, modeRequest, PING, subscribeRequest, unsubscribeRequest } from './hsm-requests.js';
import { HsmSession } from './hsm-session.js';
import { readStatus } from './hsm-status.js';
import { SymbolTokens } from './symbol-tokens.js';

const VENDOR = 'fyers';
/** FYERS has said 200 symbols a connection, then 5,000 an account: this keeps to both. */
const SYMBOLS_PER_SOCKET = 200;

/** FYERS' data stream: binary, over as many sockets as the symbols need. */
export const fyers = defineVendor({
  id: VENDOR,
  env: FyersEnv,
  symbolFile: readFyersSymbols,
  connect(env, tools) {
    const access = new AccessToken(
      {
        vendor: VENDOR,
        file: env.tokenFile,
        secret: 'access_token',
        expiresAt: (token) => readFyersToken(token).expiresAt,
      },
      tools,
    );
    let secrets = { token: '', hsmKey: '', jwt: '' };
    const token = (): string => {
      const current = access.current();
      secrets = { token: current, ...readFyersToken(current) };
      return current;
    };
    const tokens = new SymbolTokens({ base: env.restUrl, authorization: token }, tools);
    const symbolOf = (instrument: Instrument): string | undefined =>
      tools.symbolOf(instrument) ?? (instrument.exchange === 'NSE' ? `NSE:${instrument.ticker}-EQ` : undefined);
    const topicOf = (instrument: Instrument): string | undefined => tokens.topicOf(symbolOf(instrument) ?? '');
    const topicsOf = (instruments: readonly Instrument[]): string[] =>
      instruments.flatMap((instrument) => topicOf(instrument) ?? []);
    const instrumentByTopic = new Map<string, InstrumentId>();
    const sessions = new WeakMap<FrameContext, HsmSession>();
    const sessionOf = (context: FrameContext): HsmSession => {
      const session = sessions.get(context) ?? new HsmSession((topic) => instrumentByTopic.get(topic));
      sessions.set(context, session);
      return session;
    };

    const feed = new WsFeed(
      {
        id: VENDOR,
        vendor: VENDOR,
        url: () => {
          // read here, where it may be missing, for the first message of the connection
          token();
          return env.url;
        },
        limits: { sockets: env.sockets, symbolsPerSocket: SYMBOLS_PER_SOCKET },
        carries: (instrument) => symbolOf(instrument) !== undefined,
        onOpen: () => [authRequest(secrets.hsmKey), modeRequest(env.mode)],
        awaitsReady: true,
        prepare: async (instruments) => {
          await tokens.learn(instruments.flatMap((instrument) => symbolOf(instrument) ?? []));
          for (const instrument of instruments) {
            const topic = topicOf(instrument);
            if (topic !== undefined) instrumentByTopic.set(topic, instrument.id);
          }
          return instruments.filter((instrument) => topicOf(instrument) === undefined).map(({ id }) => id);
        },
        subscribe: (instruments) => [subscribeRequest(topicsOf(instruments))],
        unsubscribe: (instruments) => [unsubscribeRequest(topicsOf(instruments))],
        // the vendor's own ping has no answer; the answer to a WebSocket's shows that it is there
        heartbeat: { everyMs: 10_000, message: PING },
        pingEveryMs: 3000,
        deadAfterMs: 9000,
        parse: (data, isBinary, receivedAt, context): Tick[] => {
          if (!isBinary) throw new VendorFrameError(VENDOR, 'text where bytes are due', data.toString());
          return sessionOf(context).receive(data, receivedAt, context);
        },
        signal: signalOf,
        redact: (text) => Object.values(secrets).reduce((kept, secret) => without(kept, secret), text),
        firstTickMs: 5000,
        handshakeMs: 10_000,
        maxFrameBytes: 4_194_304,
        backoff: { baseMs: 500, maxMs: 30_000 },
        lingerMs: 10_000,
        onStop: () => tokens.close(),
      },
      tools,
    );
    return { feeds: [feed], sources: [], credentials: [access] };
  },
});

/** What an answer means for the connection. A refused subscription names no topic: what stays silent is found by the connection. */
function signalOf(data: Buffer): FrameSignal | undefined {
  const type = data[2];
  if (type === MESSAGE.data || type === MESSAGE.masterData) return undefined;
  const { isAccepted } = readStatus(data);
  if (type === MESSAGE.auth) return isAccepted ? { kind: 'ready' } : { kind: 'fatal', reason: 'the token is refused' };
  return isAccepted ? undefined : { kind: 'error', reason: `a message of type ${type} is refused` };
}

function without(text: string, secret: string): string {
  return secret === '' ? text : text.replaceAll(secret, '***');
}
