import { expect, it } from 'vitest';
import { addressOf } from './address.js';

it.each<[string, string | undefined, string | undefined, number, string]>([
  ['the peer, where no proxy is trusted, whatever it claims', '10.0.0.1', '1.2.3.4', 0, '10.0.0.1'],
  ['what the one trusted proxy saw', '10.0.0.1', '1.2.3.4', 1, '1.2.3.4'],
  ['what the proxy saw, not what its client claimed', '10.0.0.1', '6.6.6.6, 1.2.3.4', 1, '1.2.3.4'],
  ['what the first of two proxies saw', '10.0.0.2', '6.6.6.6, 1.2.3.4, 10.0.0.1', 2, '1.2.3.4'],
  ['the peer, when the proxy says nothing', '10.0.0.1', undefined, 1, '10.0.0.1'],
  ['the peer, when what it says is no address', '10.0.0.1', 'token:alice', 1, '10.0.0.1'],
  ['IPv4 also inside IPv6', '::ffff:10.0.0.1', undefined, 0, '10.0.0.1'],
  ['the network of an IPv6 address', '2001:db8:0:1::7', undefined, 0, '2001:db8:0:1::/64'],
  [
    'the same network for its neighbour, written in full',
    '2001:0db8:0000:0001:aaaa:0:0:1',
    undefined,
    0,
    '2001:db8:0:1::/64',
  ],
  ['a short IPv6 address', '::1', undefined, 0, '0:0:0:0::/64'],
  ['nothing of a peer that is gone', undefined, undefined, 0, ''],
])('is %s', (_what, remote, forwarded, proxies, address) => {
  expect(addressOf(remote, forwarded, proxies)).toBe(address);
});
