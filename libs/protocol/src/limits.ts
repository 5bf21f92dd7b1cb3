/** What one client may do; told to it in `connected`. */
export interface ClientLimits {
  readonly maxSymbols: number;
  readonly maxSymbolsPerMessage: number;
  readonly maxMessageBytes: number;
  readonly messagesPerSecond: number;
  /** Symbols a user may subscribe to in a minute, over all connections; absent when there is no limit. */
  readonly subscriptionsPerMinute?: number;
  /** Updates of one symbol a second, Hz, at most; absent when there is no limit. */
  readonly maxFrequency?: number;
}
