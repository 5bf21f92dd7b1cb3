import { isIP } from 'node:net';

const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
/** Groups of an IPv6 address that name a network: a subscriber has all addresses behind them. */
const NETWORK_GROUPS = 4;

/**
 * The address a client is counted by: an IPv4 address, or the /64 network of an IPv6 address.
 * @param remote who the connection comes from
 * @param forwarded `X-Forwarded-For`; each proxy appends whom it was asked by
 * @param trustedProxies how many proxies in front of the server are its own; what stands before their entries is hearsay
 */
export function addressOf(
  remote: string | undefined,
  forwarded: string | readonly string[] | undefined,
  trustedProxies: number,
): string {
  const chain = [...(trustedProxies === 0 ? [] : String(forwarded ?? '').split(',')), remote ?? ''];
  const entry = chain.at(Math.max(0, chain.length - 1 - trustedProxies))?.trim() ?? '';
  return network(isIP(entry) === 0 ? (remote ?? '') : entry);
}

function network(address: string): string {
  const mapped = MAPPED_IPV4.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (isIP(address) !== 6) return address;
  const [before = '', after] = (address.split('%')[0] ?? '').split('::');
  const groups = before === '' ? [] : before.split(':');
  const end = after === undefined || after === '' ? [] : after.split(':');
  const zeros = after === undefined ? 0 : 8 - groups.length - end.length;
  const all = [...groups, ...Array.from({ length: zeros }, () => '0'), ...end].map((group) =>
    Number.parseInt(group, 16).toString(16),
  );
  return `${all.slice(0, NETWORK_GROUPS).join(':')}::/64`;
}
