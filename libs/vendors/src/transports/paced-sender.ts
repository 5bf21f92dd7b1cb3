import type { Cancel, Clock } from '#domain';

/** A message to a vendor: strings go as text, buffers as binary. */
export type Message = string | Buffer;

/** Sends messages in order, with a pause after each. */
export class PacedSender {
  private waiting: Message[] = [];
  private pause: Cancel | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly gapMs: number,
    private readonly write: (message: Message) => void,
  ) {}

  send(messages: readonly Message[]): void {
    this.waiting.push(...messages);
    if (this.pause === undefined) this.next();
  }

  /** Forgets what has not been sent. */
  clear(): void {
    this.waiting = [];
    this.pause?.();
    this.pause = undefined;
  }

  private next(): void {
    this.pause = undefined;
    for (let message = this.waiting.shift(); message !== undefined; message = this.waiting.shift()) {
      this.write(message);
      if (this.gapMs > 0) {
        this.pause = this.clock.after(this.gapMs, () => this.next());
        return;
      }
    }
  }
}
