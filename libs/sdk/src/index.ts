export { connect } from './connect.js';
export type { ConnectionState } from './connector.js';
export type {
  Book,
  BookLevel,
  Candle,
  CandleInterval,
  DrainingMessage,
  Format,
  Mode,
  NoticeMessage,
  OtherMessage,
  Quote,
  QuoteField,
  QuoteValues,
  ServerMessage,
  SlowMessage,
  StatusMessage,
} from './contract.js';
export { TickwireError } from './errors.js';
export type { Latency, Metrics } from './metrics.js';
export type { ConnectOptions } from './options.js';
export type { SocketIo } from './socket-io-transport.js';
export type { Subscription } from './subscription.js';
export type { ConnectionEvent, QuoteSource, Tickwire, TickwireEvents } from './tickwire.js';
export type { WebSocketConstructor, WebSocketLike } from './web-socket-transport.js';
export type { Change, QuoteHandler, SubscribeOptions } from './wishes.js';
