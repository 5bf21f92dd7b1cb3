import { randomUUID } from 'node:crypto';
import { type Clock, type Log, SourceFailedError } from '#domain';
import type { Control, Pauses } from '#fetcher';
import { ALL_SYMBOLS, ControlDone, ControlMessage, parseMessage } from '#protocol';
import type { ControlMemory, RememberedPauses } from './control-memory.js';
import type { OutsideChannels } from './outside-channels.js';
import type { OutsideErrors } from './outside-errors.js';
import type { OutsideKeys } from './outside-keys.js';
import type { Ownership } from './ownership.js';
import { readJson } from './publisher-messages.js';

/** How long the owner may take to carry out an order that came to another node, ms. */
const PATIENCE_MS = 3000;

/**
 * Operators' orders for the whole fleet. Every node obeys what it hears; the owner also writes it down, asks vendors, and says that it is
 * done, upon which the others look at what was written. Of what a node knows and what is written the newer holds, so neither a Redis that
 * comes back empty nor a node that has missed an order ends a pause.
 */
export class ControlChannel {
  /** Orders sent from here that have not been answered. */
  private readonly waiting = new Map<string, (done: ControlDone) => void>();
  /** Whether this process knows what was paused before it began. */
  private hasRead = false;
  /** Orders obeyed before that. */
  private readonly early: ControlMessage[] = [];
  /** Orders obeyed since start. */
  private obeyed = 0;
  /** How new what this process knows is: when the newest order was carried out, Unix ms; 0 before any. */
  private version = 0;

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
      if (this.ownership.mayIngest) this.carryOut(order).catch((error: unknown) => this.failed(text, given, error));
      else {
        this.control.obey(order);
        this.note(order);
      }
    } catch (error) {
      if (!this.ownership.mayIngest) return;
      this.failed(text, given, error);
    }
  }

  private failed(text: string, given: unknown, error: unknown): void {
    const { id, by } = (typeof given === 'object' && given !== null ? given : {}) as Record<string, unknown>;
    const labels = { ...(typeof id === 'string' && { id }), ...(typeof by === 'string' && { source: by }) };
    this.errors.failed({ channel: this.keys.control, text: () => text, ...labels }, error);
  }

  private heardDone(text: string): void {
    let done: ControlDone;
    try {
      done = parseMessage(ControlDone, readJson(text, this.maxChars));
    } catch (error) {
      return this.log.debug({ error: String(error) }, 'an answer of the owner that cannot be read');
    }
    if (done.id !== undefined) this.waiting.get(done.id)?.(done);
    void this.agree();
  }

  private note(order: ControlMessage): void {
    this.obeyed++;
    if (!this.hasRead) this.early.push(order);
  }

  /** Carries an order out as the owner. */
  private async carryOut(order: ControlMessage): Promise<ControlDone> {
    const done = this.control.carryOut(order);
    this.log.info({ action: order.action, symbols: order.symbols.slice(0, 20), by: order.by }, 'order carried out');
    if (order.action !== 'refresh') {
      this.note(order);
      this.version = Math.max(this.version + 1, this.clock.now());
    }
    try {
      await this.settle();
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
    const { id: _, ...done } = await answer;
    return { ...done, ...(order.id !== undefined && { id: order.id }) };
  }

  private async agree(): Promise<void> {
    try {
      // others may have read before it was written
      if (await this.settle()) this.repeat();
    } catch (error) {
      // Redis has gone again; when it is back everybody is subscribed anew
      this.log.debug({ error: String(error) }, 'what is paused is not known to Redis');
    }
  }

  /** Compares what is known here with what is written, until nothing changes meanwhile. @returns whether it was written from here */
  private async settle(): Promise<boolean> {
    for (;;) {
      const isWritten = await this.compare();
      if (isWritten !== undefined) return isWritten;
    }
  }

  /** @returns undefined when it has to be done again */
  private async compare(): Promise<boolean | undefined> {
    const { obeyed } = this;
    const found = await this.memory.read();
    // an order that came meanwhile is newer than the answer
    if (this.obeyed !== obeyed) return undefined;
    if (!this.hasRead || found.version > this.version) this.take(found);
    if (found.version >= this.version) return false;
    return (await this.memory.write(this.version, this.pauses.symbols)) ? true : undefined;
  }

  /** Tells the others what is paused. */
  private repeat(): void {
    const symbols = [...this.pauses.symbols];
    const told = symbols.length === 0 ? { action: 'resume', symbols: [ALL_SYMBOLS] } : { action: 'pause', symbols };
    this.channels.tell(this.keys.done, { ...told, by: 'fleet', timestamp: this.clock.now() });
  }

  private take({ version, paused }: RememberedPauses): void {
    this.hasRead = true;
    this.version = Math.max(this.version, version);
    this.pauses.become(paused);
    for (const order of this.early.splice(0)) this.control.obey(order);
  }
}
