import type { ErrorCode } from '#domain';

/** Why the server ends a connection, and the close code a plain WebSocket client sees. */
export const CLOSE_CODES = {
  UNAUTHENTICATED: 4401,
  TOKEN_EXPIRED: 4401,
  IDLE_TIMEOUT: 4408,
  DISCONNECTED: 4410,
  MESSAGE_TOO_LARGE: 4413,
  RATE_LIMITED: 4429,
  SLOW_CONSUMER: 4430,
  CONNECTION_LIMIT: 1013,
  SERVER_DRAINING: 1012,
} as const satisfies Partial<Record<ErrorCode, number>>;

export type CloseReason = keyof typeof CLOSE_CODES;

/** Sentence that goes with the code, at most 123 bytes as a close frame allows. */
export const CLOSE_MESSAGES: Record<CloseReason, string> = {
  UNAUTHENTICATED: 'Authentication is required',
  TOKEN_EXPIRED: 'The token has expired',
  IDLE_TIMEOUT: 'No subscription and no message for too long',
  DISCONNECTED: 'An operator has ended the connection',
  MESSAGE_TOO_LARGE: 'The message is larger than the server accepts',
  RATE_LIMITED: 'Too many messages after repeated warnings',
  SLOW_CONSUMER: 'The client reads too slowly to stay current',
  CONNECTION_LIMIT: 'There is no room for another connection',
  SERVER_DRAINING: 'The server is restarting',
};
