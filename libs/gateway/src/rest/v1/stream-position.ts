import { createHash } from 'node:crypto';
import type { Epoch } from '#domain';
import type { ResumePosition } from '#protocol';

const EVENT_ID = /^([\w-]{1,64})\.([\w-]{8})\.([0-9a-z,]*)$/;

/**
 * Where a stream is: the epoch, and the last sequence written of each of its symbols. As text it is the `id` of an event:
 * `epoch.list.sequences`, where `list` names the list of symbols and the sequences are in its order, in base 36.
 */
export class StreamPosition {
  private readonly indices: ReadonlyMap<string, number>;
  private readonly sequences: number[];
  private readonly list: string;
  /** Epoch of the sequences. */
  private counted: string;

  constructor(
    private readonly epoch: Epoch,
    symbols: readonly string[],
  ) {
    const distinct = [...new Set(symbols)];
    this.indices = new Map(distinct.map((symbol, index) => [symbol, index]));
    this.sequences = distinct.map(() => 0);
    this.counted = epoch.name;
    this.list = createHash('sha1').update(distinct.join(',')).digest('base64url').slice(0, 8);
  }

  moved(symbol: string, sequence: number): void {
    if (this.counted !== this.epoch.name) {
      this.counted = this.epoch.name;
      this.sequences.fill(0);
    }
    const index = this.indices.get(symbol);
    if (index !== undefined) this.sequences[index] = sequence;
  }

  /** Goes on from the id of the last event a client saw; undefined when it is of another epoch or other symbols. */
  resume(lastEventId: string | undefined): ResumePosition | undefined {
    const [, epoch, list, text] = EVENT_ID.exec(lastEventId ?? '') ?? [];
    const sequences = (text ?? '').split(',').map((part) => (part === '' ? 0 : parseInt(part, 36)));
    const isOurs = epoch === this.counted && list === this.list && sequences.length === this.sequences.length;
    if (!isOurs || !sequences.every(Number.isSafeInteger)) return undefined;
    const seen = [...this.indices].filter(([, index]) => sequences[index] !== 0);
    for (const [symbol, index] of seen) this.moved(symbol, sequences[index] as number);
    return { epoch, sequences: Object.fromEntries(seen.map(([symbol, index]) => [symbol, sequences[index]])) };
  }

  toString(): string {
    return `${this.counted}.${this.list}.${this.sequences.map((seq) => (seq === 0 ? '' : seq.toString(36))).join(',')}`;
  }
}
