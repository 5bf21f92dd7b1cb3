/** Codes of the client itself; the server's codes are in docs/protocol.md. */
export type ClientErrorCode =
  'DISCONNECTED' | 'TIMEOUT' | 'GAVE_UP' | 'DECODE_FAILED' | 'POLL_FAILED' | 'QUEUE_FULL' | 'TOKEN_FAILED';

/** Something the client could not do, or the server refused. `retryable` says whether the same may work later. */
export class TickwireError extends Error {
  constructor(
    /** One of the client's codes, or the server's. */
    readonly code: ClientErrorCode | (string & {}),
    message: string,
    readonly retryable: boolean,
    /** Symbol concerned, where it is one. */
    readonly symbol?: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
    this.name = 'TickwireError';
  }
}
