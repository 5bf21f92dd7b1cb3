/** What can be subscribed of a stock: trades, best quotes, bars of a second, bars of a minute. Finest source of a price first. */
export const CHANNELS = ['T', 'A', 'AM', 'Q'] as const;
export type Channel = (typeof CHANNELS)[number];

/** The channel that tells the price and its time; the others come in an order of their own, and only add to it. */
export function leadingChannel(channels: readonly Channel[]): Channel {
  return CHANNELS.find((channel) => channels.includes(channel)) ?? 'T';
}
