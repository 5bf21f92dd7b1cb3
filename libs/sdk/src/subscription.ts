import type { SubscribeOptions } from './wishes.js';

/** Interest in some symbols. Symbols may join and leave; options stay. */
export interface Subscription {
  readonly symbols: readonly string[];
  readonly options: SubscribeOptions;
  add(symbols: readonly string[]): void;
  remove(symbols: readonly string[]): void;
  /** Ends it. Nothing is delivered afterwards. */
  unsubscribe(): void;
}
