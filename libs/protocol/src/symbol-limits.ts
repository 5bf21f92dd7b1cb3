/** Symbols one subscribe or unsubscribe may name; more take several messages. */
export const MAX_SYMBOLS_PER_MESSAGE = 1000;
