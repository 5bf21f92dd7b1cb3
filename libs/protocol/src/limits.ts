/** What one client may do; told to it in `connected`. */
export interface ClientLimits {
  readonly maxSymbols: number;
  readonly maxSymbolsPerMessage: number;
  readonly maxMessageBytes: number;
  readonly messagesPerSecond: number;
}
