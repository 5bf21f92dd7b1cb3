import type { Tier } from '#auth';
import { MarketDataError } from '#domain';
import type { Client, Hub, SubscriptionOptions } from '#subscription';
import { cappedFrequency, forbiddenSymbol } from './entitled.js';

/** An error about one symbol. */
export type SymbolProblem = MarketDataError & { readonly symbol: string };

/**
 * Makes a client's subscriptions fit another tier, so that what a better one allowed ends with it: drops symbols it does not include,
 * then the newest ones past its limit, and slows down those that are too fast or get every tick.
 * @returns why each dropped symbol was dropped
 */
export function fitSubscriptions(hub: Hub, client: Client, tier: Tier): SymbolProblem[] {
  const lost: SymbolProblem[] = [];
  for (const symbol of client.subscriptions.keys()) {
    if (!tier.entitlements.allows(symbol)) lost.push(forbiddenSymbol(symbol));
  }
  drop(hub, client, lost);
  const surplus = [...client.subscriptions.keys()].slice(tier.symbolsPerConnection).map((symbol) => {
    const text = `At most ${tier.symbolsPerConnection} symbols per connection`;
    return Object.assign(new MarketDataError('SUBSCRIPTION_LIMIT_EXCEEDED', text, false), { symbol });
  });
  drop(hub, client, surplus);
  for (const [options, symbols] of tooFast(client, tier)) {
    const maxFrequency = cappedFrequency(options.maxFrequency, tier);
    const { mode, compression, batch, fields, candles } = options;
    const asked = { mode, compression, batch, fields: fields && [...fields], candles: candles && [...candles] };
    const wanted = {
      ...asked,
      symbols,
      maxFrequency,
      unconflated: options.unconflated === true && tier.unconflated === true,
    };
    const { accepted } = hub.subscribe(client, wanted, tier.symbolsPerConnection);
    hub.greet(client, accepted, undefined);
  }
  return [...lost, ...surplus];
}

function drop(hub: Hub, client: Client, problems: readonly SymbolProblem[]): void {
  hub.unsubscribe(
    client,
    problems.map(({ symbol }) => symbol),
  );
}

function tooFast(client: Client, tier: Tier): Map<SubscriptionOptions, string[]> {
  const found = new Map<SubscriptionOptions, string[]>();
  for (const [symbol, { options }] of client.subscriptions) {
    const isIncluded = options.unconflated !== true || tier.unconflated === true;
    if (isIncluded && cappedFrequency(options.maxFrequency, tier) === options.maxFrequency) continue;
    found.set(options, [...(found.get(options) ?? []), symbol]);
  }
  return found;
}
