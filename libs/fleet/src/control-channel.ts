import { randomUUID } from 'node:crypto';
import { type Clock, type Log, SourceFailedError } from '#domain';
import type { Control, Pauses } from '#fetcher';
import { ALL_SYMBOLS, ControlDone, ControlMessage, parseMessage } from '#protocol';
import type { ControlMemory } from './control-memory.js';
import type { OutsideChannels } from './outside-channels.js';
import type { OutsideErrors } from './outside-errors.js';
import type { OutsideKeys } from './outside-keys.js';
import type { Ownership } from './ownership.js';
import { readJson } from './publisher-messages.js';

/** How long the owner may take to carry out an order that came to another node, ms. */
const PATIENCE_MS = 3000;

/**
 * Operators' orders for the whole fleet. Every node obeys what it hears; the owner also writes it down, asks vendors, and says that it is
 * done, upon which the others look at what was written.
 */
export class ControlChannel {
  /** Orders sent from here that have not been answered. */
  private readonly waiting = new Map<string, (done: ControlDone) => void>();
  /** Whether this process knows what was paused before it began. */
  private hasRead = false;

  constructor(
    private readonly channels: OutsideChannels,
    private readonly keys: OutsideKeys,
    private readonly memory: ControlMemory,
    private readonly control: Control,
    private readonly pauses: Pauses,
    private readonly ownership: Ownership,
    private readonly errors: OutsideErrors,
    private readonly maxChars: number,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  start(): void {
    this.control.through((order) => this.route(order));
    this.channels.listen(this.keys.control, { heard: (text) => this.heard(text) });
    this.channels.listen(this.keys.done, {
      heard: (text) => this.heardDone(text),
      subscribed: () => void this.agree(),
    });
    this.ownership.onChange(() => void this.agree());
  }

  private heard(text: string): void {
    let given: unknown;
    try {
      given = readJson(text, this.maxChars);
      const order = parseMessage(ControlMessage, given);
      this.control.check(order);
      if (this.ownership.mayIngest) void this.carryOut(order);
      else this.control.obey(order);
    } catch (error) {
      if (!this.ownership.mayIngest) return;
      const { id, by } = (typeof given === 'object' && given !== null ? given : {}) as Record<string, unknown>;
      const labels = { ...(typeof id === 'string' && { id }), ...(typeof by === 'string' && { source: by }) };
      this.errors.failed({ channel: this.keys.control, text, ...labels }, error);
    }
  }

  private heardDone(text: string): void {
    let done: ControlDone;
    try {
      done = parseMessage(ControlDone, readJson(text, this.maxChars));
    } catch (error) {
      return this.log.debug({ error: String(error) }, 'an answer of the owner that cannot be read');
    }
    if (done.id !== undefined) this.waiting.get(done.id)?.(done);
    if (!this.ownership.mayIngest) void this.agree();
  }

  /** Carries an order out as the owner. */
  private async carryOut(order: ControlMessage): Promise<ControlDone> {
    const done = this.control.carryOut(order);
    this.log.info({ action: order.action, symbols: order.symbols.slice(0, 20), by: order.by }, 'order carried out');
    try {
      await this.memory.note(order);
    } catch (error) {
      // it is written when Redis is back
      this.log.warn({ error: String(error) }, 'what is paused could not be written down');
    }
    this.channels.tell(this.keys.done, done);
    return done;
  }

  private async route(order: ControlMessage): Promise<ControlDone> {
    if (this.ownership.mayIngest) return await this.carryOut(order);
    const id = randomUUID();
    const answer = new Promise<ControlDone>((resolve, reject) => {
      const cancel = this.clock.after(PATIENCE_MS, () => {
        this.waiting.delete(id);
        reject(new SourceFailedError('fleet', 'no node has carried the order out'));
      });
      this.waiting.set(id, (done) => {
        cancel();
        this.waiting.delete(id);
        resolve(done);
      });
    });
    const symbols = order.symbols.includes(ALL_SYMBOLS) ? ALL_SYMBOLS : order.symbols;
    this.channels.tell(this.keys.control, { ...order, symbols, id });
    return await answer;
  }

  /** The owner's memory is right once it has read what was before it; the others read. */
  private async agree(): Promise<void> {
    try {
      if (this.hasRead && this.ownership.mayIngest) {
        await this.memory.write(this.pauses.symbols);
        // others may have read before it was written
        const symbols = [...this.pauses.symbols];
        if (symbols.length > 0)
          this.channels.tell(this.keys.done, { action: 'pause', symbols, by: 'owner', timestamp: this.clock.now() });
        return;
      }
      this.pauses.become(await this.memory.read());
      this.hasRead = true;
    } catch (error) {
      // Redis has gone again; when it is back everybody is subscribed anew
      this.log.debug({ error: String(error) }, 'what is paused is not known to Redis');
    }
  }
}
