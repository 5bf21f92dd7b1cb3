/** How a client asks for updates; what the contract's `subscribe` takes beside the symbols. */
export interface SubscribeOptions {
  readonly compression?: 'none' | 'delta';
  readonly batch?: boolean;
}

export interface SubscriberSpec {
  readonly port: number;
  readonly format: 'json' | 'msgpack' | 'compact';
  readonly symbols: readonly string[];
  readonly options: SubscribeOptions;
}

/** One client of the load: it joins once, then only receives. */
export interface Subscriber {
  /** Settles when the server has acknowledged the subscription of every symbol. */
  readonly joined: Promise<void>;
  close(): void;
}

/** Undefined when the answer to `subscribe` took every symbol. */
export function subscribeRefusal(answer: unknown, wanted: number): Error | undefined {
  const { type, symbols, rejected } = (answer ?? {}) as { type?: string; symbols?: unknown[]; rejected?: unknown[] };
  if (type === 'subscribed' && symbols?.length === wanted && (rejected?.length ?? 0) === 0) return undefined;
  return new Error(`subscribe was answered with ${JSON.stringify(answer)?.slice(0, 300)}`);
}
