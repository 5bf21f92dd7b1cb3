import { createShardedAdapter } from '@socket.io/redis-adapter';
import type { ServerOptions } from 'socket.io';
import type { RedisConnection } from '#redis';
import { AdapterClient } from './adapter-client.js';

/** Socket.IO's own adapter, through which the nodes of a fleet tell one another what concerns clients. Quotes do not go this way. */
export function redisAdapter(redis: RedisConnection, keyPrefix: string): ServerOptions['adapter'] {
  const client = new AdapterClient(redis);
  // no rooms are used, so a channel for each would be subscribed to in vain
  const options = { channelPrefix: `${keyPrefix}tickwire:socket.io`, subscriptionMode: 'static' } as const;
  return createShardedAdapter(client, client, options) as ServerOptions['adapter'];
}
