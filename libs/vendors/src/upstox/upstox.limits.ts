import { ConfigError } from '#domain';
import type { SocketLimits } from '../transports/socket-assignment.js';

export type UpstoxMode = 'ltpc' | 'full' | 'full_d30';
export type UpstoxTier = 'normal' | 'plus';

const CONNECTIONS: Readonly<Record<UpstoxTier, number>> = { normal: 2, plus: 5 };
/** Keys of a connection that uses one mode only. */
const KEYS: Readonly<Record<UpstoxMode, number>> = { ltpc: 5000, full: 2000, full_d30: 50 };

/**
 * What the account's plan allows. The vendor counts keys per mode; that it counts them per connection is our reading.
 * @throws ConfigError if the settings want more than the plan has
 */
export function limitsOf(tier: UpstoxTier, mode: UpstoxMode, sockets: number): SocketLimits {
  if (mode === 'full_d30' && tier !== 'plus') {
    throw new ConfigError(['UPSTOX_MODE: full_d30 needs UPSTOX_TIER=plus']);
  }
  if (sockets > CONNECTIONS[tier]) {
    throw new ConfigError([`UPSTOX_SOCKETS: the tier ${tier} allows ${CONNECTIONS[tier]} connections`]);
  }
  return { sockets, symbolsPerSocket: KEYS[mode] };
}
