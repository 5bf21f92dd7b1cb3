import { type ErrorCode, MarketDataError } from '#domain';
import type { ErrorPayload, MessageId } from '#protocol';

/** HTTP status of each error code. */
export function httpStatus(code: ErrorCode): number {
  switch (code) {
    case 'INVALID_MESSAGE':
    case 'SUBSCRIPTION_FAILED':
    case 'QUERY_INVALID':
      return 400;
    case 'UNAUTHENTICATED':
    case 'TOKEN_EXPIRED':
      return 401;
    case 'FORBIDDEN':
    case 'FORBIDDEN_SYMBOL':
      return 403;
    case 'INVALID_SYMBOL':
    case 'UNSUPPORTED_ACTION':
      return 404;
    case 'IDLE_TIMEOUT':
      return 408;
    case 'MESSAGE_TOO_LARGE':
    case 'QUERY_LIMIT':
      return 413;
    case 'RATE_LIMITED':
    case 'SUBSCRIPTION_LIMIT_EXCEEDED':
      return 429;
    case 'SOURCE_FAILED':
    case 'STALE_DATA':
      return 502;
    case 'CONNECTION_LIMIT':
    case 'SERVER_DRAINING':
    case 'SLOW_CONSUMER':
    case 'DISCONNECTED':
    case 'HISTORY_UNAVAILABLE':
      return 503;
    case 'QUERY_TIMEOUT':
      return 504;
    default: {
      const unmapped: never = code;
      throw new Error(`no HTTP status for ${String(unmapped)}`);
    }
  }
}

/** What a socket client is told about an error. */
export function errorPayload(error: MarketDataError, timestamp: number, id?: MessageId): ErrorPayload {
  const { code, category, message, retryable } = error;
  const symbol = 'symbol' in error && typeof error.symbol === 'string' ? error.symbol : undefined;
  return {
    code,
    category,
    message,
    retryable,
    ...(symbol === undefined ? {} : { symbol }),
    ...(id === undefined ? {} : { id }),
    timestamp,
  };
}
