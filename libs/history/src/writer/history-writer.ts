import { randomBytes } from 'node:crypto';
import { timeOf } from '#candles';
import type { Cancel, Clock, Tick } from '#domain';
import type { RecordedState, TickRecorder } from '../tick-recorder.js';
import type { Shipment } from './shipment.js';
import type { Shipper } from './shipper.js';
import { TickColumns } from './tick-columns.js';
import { TradedSizes } from './traded-sizes.js';

/** Ticks in one block: to make it takes about a millisecond, during which no tick is handled. */
const BLOCK_ROWS = 16_384;
/** Blocks that go to the engine together at most. */
const BLOCKS = 8;
/** Shortest time between two shipments that somebody asks for, ms: each makes a part the engine has to merge. */
const SETTLE_MS = 50;
/** Patience of somebody who asks for the newest ticks with an engine that is slow, ms. */
const SETTLE_WITHIN_MS = 1000;
const CLOSE_WITHIN_MS = 3000;

/** Writes ticks down. On the tick path it only appends numbers; the rest happens beside it, at most `flushMs` later. */
export class HistoryWriter implements TickRecorder {
  private readonly columns = new TickColumns(BLOCK_ROWS);
  private readonly sizes: TradedSizes[] = [];
  private blocks: Buffer[] = [];
  private rows = 0;
  private moves: object[] = [];
  private readonly run = randomBytes(6).toString('hex');
  private shipments = 0;
  private shippedAt = -Infinity;
  private cancel: Cancel = () => undefined;
  private settling: Promise<void> | undefined;

  constructor(
    private readonly shipper: Shipper,
    private readonly flushMs: number,
    private readonly clock: Clock,
  ) {
    this.wait();
  }

  accepted(tick: Tick, volume: number | undefined, state: RecordedState): void {
    const sizes = this.sizes[state.wireId] ?? this.meet(state);
    this.append(tick, state.wireId, sizes, sizes.accepted(tick, volume), 0);
  }

  late(tick: Tick, state: RecordedState): void {
    const sizes = this.sizes[state.wireId] ?? this.meet(state);
    this.append(tick, state.wireId, sizes, sizes.late(tick), 1);
    const { moved } = sizes;
    if (moved === undefined) return;
    const symbol = state.instrument.id;
    this.moves.push({ symbol, time: moved.to, size: moved.size }, { symbol, time: moved.from, size: -moved.size });
  }

  /** Resolves when the ticks so far can be read, or after a second when the engine is slow or away. */
  settle(): Promise<void> {
    return (this.settling ??= this.settled());
  }

  /** Sends what there is on its way. */
  flush(): void {
    this.seal();
    if (this.rows > 0) {
      this.shipper.add(this.shipment('tickwire.ticks', 'Native', this.rows, Buffer.concat(this.blocks)));
      this.blocks = [];
      this.rows = 0;
    }
    if (this.moves.length > 0) {
      const lines = this.moves.map((move) => `${JSON.stringify(move)}\n`).join('');
      this.shipper.add(this.shipment('tickwire.volume_moves', 'JSONEachRow', this.moves.length, Buffer.from(lines)));
      this.moves = [];
    }
    this.shippedAt = this.clock.elapsed();
  }

  /** Stores what there is, or keeps it for the next start. */
  async close(): Promise<void> {
    this.cancel();
    this.flush();
    await this.shipper.close(CLOSE_WITHIN_MS);
  }

  private append(tick: Tick, wireId: number, sizes: TradedSizes, size: number, late: 0 | 1): void {
    const arrival = sizes.arrival(tick.receivedAt);
    if (!this.columns.append(tick, wireId, timeOf(tick), arrival, size, tick.volume ?? NaN, late)) return;
    this.seal();
    if (this.blocks.length >= BLOCKS) this.flush();
  }

  private meet({ wireId, instrument }: RecordedState): TradedSizes {
    this.columns.learn(wireId, instrument.id);
    return (this.sizes[wireId] = new TradedSizes());
  }

  private seal(): void {
    const { rows } = this.columns;
    if (rows === 0) return;
    this.blocks.push(this.columns.take());
    this.rows += rows;
  }

  private shipment(table: string, format: Shipment['format'], rows: number, bytes: Buffer): Shipment {
    return { token: `${this.run}-${++this.shipments}`, table, format, rows, bytes };
  }

  private wait(): void {
    this.cancel = this.clock.after(this.flushMs, () => {
      this.flush();
      this.wait();
    });
  }

  private async settled(): Promise<void> {
    const pauseMs = this.shippedAt + SETTLE_MS - this.clock.elapsed();
    await this.after(this.columns.rows > 0 || this.rows > 0 ? pauseMs : 0);
    // who comes from now on has ticks that this does not send
    this.settling = undefined;
    this.flush();
    await Promise.race([this.shipper.emptied(), this.after(SETTLE_WITHIN_MS)]);
  }

  private after(ms: number): Promise<void> {
    return new Promise((resolve) => this.clock.after(ms, resolve));
  }
}
