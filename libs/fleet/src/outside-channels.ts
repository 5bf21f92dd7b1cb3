import type { Log } from '#domain';
import type { RedisClient, RedisConnection } from '#redis';

/** Somebody who hears one channel. */
export interface Hearing {
  heard(text: string): void;
  /** From now on every message is heard; also after each break. */
  subscribed?(): void;
  /** Messages are missed from now on. */
  lost?(): void;
}

/** Channels that programs outside publish on, and read. */
export class OutsideChannels {
  private readonly hearings = new Map<string, Hearing>();
  private subscriber: RedisClient | undefined;

  constructor(
    private readonly redis: RedisConnection,
    private readonly log: Log,
  ) {}

  /** One hearing a channel. */
  listen(channel: string, hearing: Hearing): void {
    this.hearings.set(channel, hearing);
    if (this.subscriber === undefined) this.connect();
    else if (this.subscriber.status === 'ready') void this.subscribe(channel);
  }

  leave(channel: string): void {
    if (!this.hearings.delete(channel)) return;
    if (this.subscriber?.status === 'ready') this.subscriber.unsubscribe(channel).catch(() => undefined);
  }

  /** Nobody waits for it, and while Redis is away it is lost. */
  tell(channel: string, message: object): void {
    this.redis.commands.publish(channel, JSON.stringify(message)).catch(() => undefined);
  }

  stop(): void {
    this.hearings.clear();
    this.subscriber?.disconnect();
  }

  private connect(): void {
    const subscriber = this.redis.subscriber();
    this.subscriber = subscriber;
    subscriber.on('message', (channel: string, text: string) => this.heard(channel, text));
    subscriber.on('close', () => {
      for (const { lost } of this.hearings.values()) lost?.();
    });
    const subscribeAll = (): void => {
      for (const channel of this.hearings.keys()) void this.subscribe(channel);
    };
    subscriber.on('ready', subscribeAll);
    if (subscriber.status === 'ready') subscribeAll();
  }

  /** Anybody may publish anything, and what is thrown in the connection's event would end the process. */
  private heard(channel: string, text: string): void {
    try {
      this.hearings.get(channel)?.heard(text);
    } catch (error) {
      this.log.error({ channel, error: String(error) }, 'a message could not be handled');
    }
  }

  private async subscribe(channel: string): Promise<void> {
    try {
      await this.subscriber?.subscribe(channel);
    } catch (error) {
      // the next connection subscribes again
      return this.log.debug({ channel, error: String(error) }, 'not subscribed');
    }
    const hearing = this.hearings.get(channel);
    if (hearing === undefined) await this.subscriber?.unsubscribe(channel).catch(() => undefined);
    else hearing.subscribed?.();
  }
}
