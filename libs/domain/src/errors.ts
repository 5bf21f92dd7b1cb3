/** Codes clients may rely on, in the three categories of the wire contract. */
export const ERROR_CODES = {
  UNAUTHENTICATED: 'connection',
  TOKEN_EXPIRED: 'connection',
  CONNECTION_LIMIT: 'connection',
  IDLE_TIMEOUT: 'connection',
  SLOW_CONSUMER: 'connection',
  SERVER_DRAINING: 'connection',
  DISCONNECTED: 'connection',
  INVALID_MESSAGE: 'message',
  UNSUPPORTED_ACTION: 'message',
  FORBIDDEN: 'message',
  MESSAGE_TOO_LARGE: 'message',
  RATE_LIMITED: 'message',
  SUBSCRIPTION_LIMIT_EXCEEDED: 'message',
  SUBSCRIPTION_FAILED: 'data',
  INVALID_SYMBOL: 'data',
  FORBIDDEN_SYMBOL: 'data',
  STALE_DATA: 'data',
  SOURCE_FAILED: 'data',
  HISTORY_UNAVAILABLE: 'data',
  QUERY_INVALID: 'data',
  QUERY_TIMEOUT: 'data',
  QUERY_LIMIT: 'data',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;
export type ErrorCategory = (typeof ERROR_CODES)[ErrorCode];

/** A broken promise. `code` is public and stable; `retryable` says whether the same call may work later. */
export class MarketDataError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly retryable: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }

  get category(): ErrorCategory {
    return ERROR_CODES[this.code];
  }
}

/** A client message that breaks the contract. Never retryable as it is. */
export class InvalidMessageError extends MarketDataError {
  constructor(message: string, options?: ErrorOptions) {
    super('INVALID_MESSAGE', message, false, options);
  }
}

/** No instrument has this id. */
export class InvalidSymbolError extends MarketDataError {
  constructor(readonly symbol: string) {
    const hint = symbol.includes(':') ? '' : '; ids are like NSE:RELIANCE';
    super('INVALID_SYMBOL', `No instrument is called ${JSON.stringify(symbol.slice(0, 64))}${hint}`, false);
  }
}

/** The vendor did not answer, or not with a quote. */
export class SourceFailedError extends MarketDataError {
  constructor(
    readonly vendor: string,
    message: string,
    options?: ErrorOptions & { retryable?: boolean },
  ) {
    super('SOURCE_FAILED', `${vendor}: ${message}`, options?.retryable ?? true, options);
  }
}

/** The vendor asked us to slow down; the transport waits `retryAfterMs` before the next call. */
export class VendorRateLimitError extends SourceFailedError {
  constructor(
    vendor: string,
    readonly retryAfterMs: number,
  ) {
    super(vendor, `rate limited, retry after ${retryAfterMs} ms`);
  }
}

/** A frame that fits no documented variant. `sample` holds at most 200 characters of it. */
export class VendorFrameError extends SourceFailedError {
  readonly sample: string;

  constructor(vendor: string, reason: string, frame: unknown) {
    super(vendor, reason);
    const text = typeof frame === 'string' ? frame : (JSON.stringify(frame) ?? String(frame));
    this.sample = text.slice(0, 200);
  }
}
