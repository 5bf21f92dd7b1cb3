/** Symbols one subscribe or unsubscribe may name; more take several messages. */
export const MAX_SYMBOLS_PER_MESSAGE = 1000;

/** Characters of a token or API key; longer ones are refused unread. */
export const MAX_CREDENTIAL_LENGTH = 8192;
