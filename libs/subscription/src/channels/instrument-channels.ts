import type { QuoteState } from '#cache';
import { CandleBuilder } from '#candles';
import type { Candle, CandleInterval, Epoch, EpochMs, Tick } from '#domain';
import type { Client } from '../client.js';
import { CandleChannel } from './candle-channel.js';
import type { Channel } from './channel.js';
import { DepthChannel } from './depth-channel.js';
import { TickChannel } from './tick-channel.js';

/** All channels of one instrument. It outlives its followers, so that sequences go on when others come. */
export class InstrumentChannels {
  readonly depth: DepthChannel;
  readonly ticks: TickChannel;
  readonly candles: Readonly<Record<CandleInterval, CandleChannel>>;
  /** Until then candles are built for readers who have not subscribed. */
  watchedUntil: EpochMs = 0;

  private builder: CandleBuilder | undefined;

  /** @param moved called when a tick has changed what a channel tells */
  constructor(
    readonly state: QuoteState,
    epoch: Epoch,
    private readonly moved: (channels: InstrumentChannels) => void,
  ) {
    const { id } = state.instrument;
    this.depth = new DepthChannel(state, epoch);
    this.ticks = new TickChannel(id, epoch);
    this.candles = {
      '1s': new CandleChannel(id, '1s', epoch, () => this.builder),
      '1m': new CandleChannel(id, '1m', epoch, () => this.builder),
    };
  }

  /** A tick that was merged into the quote. True when there is something to publish. @param volume its count, if believed */
  accepted(tick: Tick, volume: number | undefined): boolean {
    this.builder?.accepted(tick, volume);
    if (this.ticks.isWanted) this.ticks.take(tick);
    return this.tell(this.ticks.isWanted || this.depth.members.size > 0);
  }

  /** A tick that was refused as older than the quote, and nothing else. True when there is something to publish. */
  late(tick: Tick): boolean {
    this.builder?.late(tick);
    return this.tell(false);
  }

  /** Makes candles final whose time is over. */
  finish(now: EpochMs): void {
    this.builder?.finish(now);
    this.tell(false);
  }

  all(): readonly Channel[] {
    return [this.ticks, this.depth, this.candles['1s'], this.candles['1m']];
  }

  leave(client: Client): void {
    for (const channel of this.all()) channel.members.delete(client);
  }

  /** Starts or ends what is needed for those who follow now. False when nobody does. */
  arrange(now: EpochMs): boolean {
    const wantsCandles =
      now < this.watchedUntil || this.candles['1s'].members.size > 0 || this.candles['1m'].members.size > 0;
    if (!wantsCandles) this.builder = undefined;
    else this.builder ??= new CandleBuilder();
    return wantsCandles || this.ticks.isWanted || this.depth.members.size > 0;
  }

  /** Forgets the candles: what comes next may be of an earlier time. */
  forget(): void {
    if (this.builder !== undefined) this.builder = new CandleBuilder();
  }

  /** The newest candles, oldest first; none when they were not built. */
  last(interval: CandleInterval, count: number): Candle[] {
    return this.builder?.last(interval, count) ?? [];
  }

  /** Candles that end until then are over. */
  over(now: EpochMs): EpochMs {
    return this.builder?.over(now) ?? now;
  }

  private tell(mayHaveMoved: boolean): boolean {
    const hasNews = mayHaveMoved || this.builder?.hasChanged === true;
    if (hasNews) this.moved(this);
    return hasNews;
  }
}
