import type { QuoteState } from '#cache';
import { type Book, type BookChanges, bookChanges, bookView, emptyBook, type Epoch } from '#domain';
import type { Client } from '../client.js';
import { bookOf } from './book-of.js';
import type { Channel, ChannelMessage, Member } from './channel.js';

/** The book of one instrument as its followers know it. */
export class DepthChannel implements Channel {
  readonly members = new Map<Client, Member>();
  private published: Book = emptyBook();
  private sequence = 0;

  constructor(
    private readonly state: QuoteState,
    private readonly epoch: Epoch,
  ) {}

  advance(): readonly ChannelMessage[] {
    const book = bookOf(this.state);
    const changes = bookChanges(this.published, book);
    if (changes === undefined) return [];
    this.published = book;
    this.sequence++;
    return [this.sequence === 1 ? this.whole() : this.update(changes)];
  }

  snapshot(): ChannelMessage | undefined {
    return this.sequence === 0 ? undefined : this.whole();
  }

  private whole(): ChannelMessage {
    const { sequence: seq, state } = this;
    const epoch = this.epoch.name;
    const data = bookView(this.published);
    return {
      type: 'depth_snapshot',
      payload: (_compression, timestamp) => ({ symbol: state.instrument.id, epoch, seq, data, timestamp }),
    };
  }

  private update(changes: BookChanges): ChannelMessage {
    const { sequence: seq, state, published } = this;
    return {
      type: 'depth_update',
      payload: (compression, timestamp) => ({
        symbol: state.instrument.id,
        seq,
        data: compression === 'delta' ? changes : bookView(published),
        compression,
        timestamp,
      }),
    };
  }
}
