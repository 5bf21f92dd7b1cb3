import { expect } from 'vitest';
import { TierBook } from '#auth';
import { silentLog, systemClock } from '#domain';
import type { Client, Hub } from '#subscription';
import { Session } from '../../libs/gateway/src/session/session.js';
import { applyDelta } from './apply-delta.js';
import { type Received, RecordingWire } from './recording-wire.js';

interface Item {
  readonly symbol: string;
  readonly seq: number;
  readonly prev?: number;
  readonly data: object;
}

/** A client of the contract, over whatever nodes it connects to: insists that no change of an epoch is missing or comes twice. */
export class SequenceReader {
  readonly quotes = new Map<string, object>();
  sequences: Record<string, number> = {};
  epoch = '';
  /** Where it was when it came, in this epoch. */
  private known: Readonly<Record<string, number>> = {};
  readonly types: string[] = [];
  /** Other messages than quotes, as they came. */
  readonly others: Received[] = [];
  private wire = new RecordingWire();
  private client: Client | undefined;
  private hub: Hub | undefined;
  private session: Session | undefined;

  constructor(
    private readonly symbols: readonly string[],
    private readonly options: object = { compression: 'delta', batch: true },
  ) {}

  come(hub: Hub): void {
    this.leave();
    this.wire = new RecordingWire();
    this.hub = hub;
    this.client = hub.connect('c', this.wire, 'websocket', 'json');
    const { standard: tier } = TierBook.builtIn({ symbolsPerConnection: 1000, messagesPerSecond: 1000 });
    const caller = { identity: { subject: undefined, tier, expiresAt: undefined }, address: 'test' };
    const rules = {
      asksForCredentials: false,
      limitsOf: () => ({ maxSymbols: 1, maxSymbolsPerMessage: 1, maxMessageBytes: 1, messagesPerSecond: 1 }),
      takesSubscription: () => true,
      verify: () => Promise.reject(new Error('nobody asks')),
      move: () => undefined,
    };
    this.session = new Session(this.client, hub, caller, rules, systemClock, silentLog);
    const resume = this.epoch === '' ? undefined : { epoch: this.epoch, sequences: { ...this.sequences } };
    this.known = { ...this.sequences };
    this.say('subscribe', { symbols: [...this.symbols], ...(resume && { resume }), ...this.options });
  }

  say(action: string, payload: object): void {
    const { client } = this;
    this.session?.receive(action, payload, (type, answer) => client?.send(type, answer));
  }

  leave(): void {
    if (this.client !== undefined) this.hub?.disconnect(this.client);
    this.client = undefined;
  }

  read(): void {
    for (const message of this.wire.take()) this.take(message);
  }

  private take(message: Received): void {
    this.types.push(message.type);
    if (message.type === 'snapshot') return this.snapshot(message as unknown as Item & { epoch: string });
    if (message.type === 'price_update') return this.update(message as unknown as Item, message['compression']);
    if (message.type !== 'batch_update') return void this.others.push(message);
    for (const item of message['updates'] as Item[]) this.update(item, message['compression']);
  }

  private snapshot({ symbol, seq, data, epoch }: Item & { epoch: string }): void {
    if (epoch === this.epoch) expect(seq).toBeGreaterThanOrEqual(this.sequences[symbol] ?? 0);
    else {
      this.sequences = {};
      this.known = {};
    }
    this.epoch = epoch;
    this.sequences[symbol] = seq;
    this.quotes.set(symbol, data);
  }

  private update({ symbol, seq, prev = seq - 1, data }: Item, compression: unknown): void {
    const at = this.sequences[symbol] ?? NaN;
    // a node that is behind the one before says again what was known on arrival, and nothing else
    if (seq <= (this.known[symbol] ?? 0)) return;
    expect(seq, `${symbol} after ${at}`).toBeGreaterThan(at);
    expect(prev, `${symbol} before ${seq}`).toBeLessThanOrEqual(at);
    this.sequences[symbol] = seq;
    this.quotes.set(symbol, compression === 'delta' ? applyDelta(this.quotes.get(symbol) ?? {}, data) : data);
  }
}
