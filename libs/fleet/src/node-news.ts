import type { Log } from '#domain';
import type { RedisClient, RedisConnection } from '#redis';
import { type NodeNews, readNews } from './messages.js';

/** What nodes tell one another of themselves, on one channel. */
export class NodeNewsChannel {
  private readonly listeners: ((news: NodeNews) => void)[] = [];
  private subscriber: RedisClient | undefined;

  constructor(
    private readonly redis: RedisConnection,
    readonly channel: string,
    private readonly log: Log,
  ) {}

  /** News of all nodes, this one too. */
  onNews(listener: (news: NodeNews) => void): void {
    this.listeners.push(listener);
  }

  start(): void {
    const subscriber = this.redis.subscriber();
    this.subscriber = subscriber;
    subscriber.on('message', (_channel: string, text: string) => this.heard(text));
    const subscribe = (): void =>
      void subscriber.subscribe(this.channel).catch((error: unknown) => this.log.debug({ error }, 'not subscribed'));
    subscriber.on('ready', subscribe);
    if (subscriber.status === 'ready') subscribe();
  }

  /** Nobody waits for it, and while Redis is away it is lost. */
  tell(news: NodeNews): void {
    this.redis.commands.publish(this.channel, JSON.stringify(news)).catch(() => undefined);
  }

  stop(): void {
    this.subscriber?.disconnect();
  }

  private heard(text: string): void {
    let news: NodeNews;
    try {
      news = readNews(text);
    } catch (error) {
      return this.log.debug({ error: String(error) }, 'news of a node that cannot be read');
    }
    for (const listener of this.listeners) listener(news);
  }
}
