import { Cluster } from 'ioredis';
import type { RedisClient, RedisConnection } from '#redis';

type Answered = (error: null, answer: [string, string]) => void;

/**
 * Redis as Socket.IO's sharded adapter uses it. The adapter asks once and waits for no answer, so a Redis that is away would end the
 * process; here what cannot be said is dropped, and subscriptions are made when Redis is there.
 */
export class AdapterClient {
  private readonly subscriber: RedisClient;
  private readonly channels = new Set<string>();

  constructor(private readonly redis: RedisConnection) {
    this.subscriber = redis.subscriber();
    this.subscriber.on('ready', () => {
      for (const channel of this.channels) this.renew(channel);
    });
  }

  on(event: string, listener: (...args: unknown[]) => void): void {
    this.subscriber.on(event, listener);
  }

  ssubscribe(channel: string): void {
    this.channels.add(channel);
    if (this.subscriber.status === 'ready') this.renew(channel);
  }

  sunsubscribe(channels: string | readonly string[]): void {
    for (const channel of [channels].flat()) {
      this.channels.delete(channel);
      if (this.subscriber.status === 'ready') this.subscriber.sunsubscribe(channel).catch(() => undefined);
    }
  }

  async spublish(channel: string, message: string | Buffer): Promise<unknown> {
    return await this.redis.commands.spublish(channel, message).catch(() => 0);
  }

  /** `PUBSUB SHARDNUMSUB channel`: how many nodes there are. While Redis is away there is only this one. */
  send_command(_pubsub: string, [, channel]: readonly [string, string], answered: Answered): void {
    const { commands } = this.redis;
    const nodes = commands instanceof Cluster ? commands.nodes('master') : [commands];
    Promise.all(nodes.map((node) => node.call('PUBSUB', 'SHARDNUMSUB', channel))).then(
      (each) => answered(null, [channel, String(each.reduce<number>((sum, count) => sum + countOf(count), 0))]),
      () => answered(null, [channel, '1']),
    );
  }

  private renew(channel: string): void {
    this.subscriber.ssubscribe(channel).catch(() => undefined);
  }
}

/** The number in `[channel, number]`. */
function countOf(answer: unknown): number {
  return Array.isArray(answer) ? Number(answer[1]) : 0;
}
