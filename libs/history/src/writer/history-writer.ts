import { randomBytes } from 'node:crypto';
import type { Cancel, Clock, Tick } from '#domain';
import type { RecordedState, TickRecorder } from '../tick-recorder.js';
import { alone, Parcel } from './parcel.js';
import { RowPacker } from './row-packer.js';
import type { Shipment } from './shipment.js';
import type { Shipper } from './shipper.js';
import { COUNTED, LATE, TickRows, VENDOR } from './tick-rows.js';

/** Ticks in one block: to pack it takes a fraction of a millisecond, during which no tick is handled. */
const BLOCK_ROWS = 1024;
/** Blocks that go to the engine together at most. */
const BLOCKS = 128;
/** Share of the blocks that wait which is packed in one turn of the event loop, so that they do not become more and more: one of so many. */
const PACKED_SHARE = 4;
/** Blocks that are kept to be written again. */
const SPARE_BLOCKS = 8;
/** Room for somewhat more bytes than the last time. */
const SLACK = 1.25;
/** Shortest time between two shipments that somebody asks for, ms: each makes a part the engine has to merge. */
const SETTLE_MS = 50;
/** Patience of somebody who asks for the newest ticks with an engine that is slow, ms. */
const SETTLE_WITHIN_MS = 1000;
const CLOSE_WITHIN_MS = 3000;

/** Writes ticks down. On the tick path it only sets numbers; the rest happens beside it, at most `flushMs` later. */
export class HistoryWriter implements TickRecorder {
  private readonly packer = new RowPacker(BLOCK_ROWS);
  private open = new TickRows(BLOCK_ROWS);
  /** Full blocks, oldest first. */
  private readonly full: TickRows[] = [];
  private readonly spare: TickRows[] = [];
  private parcel = new Parcel(0);
  /** Rows in the parcel. */
  private rows = 0;
  private isPacking = false;
  private readonly run = randomBytes(6).toString('hex');
  private shipments = 0;
  private shippedAt = -Infinity;
  private cancel: Cancel = () => undefined;
  private settling: Promise<void> | undefined;

  constructor(
    private readonly shipper: Pick<Shipper, 'add' | 'emptied' | 'close'>,
    private readonly flushMs: number,
    private readonly clock: Clock,
  ) {
    this.wait();
  }

  accepted(tick: Tick, volume: number | undefined, state: RecordedState): void {
    this.append(tick, state, volume === undefined ? 0 : COUNTED);
  }

  late(tick: Tick, state: RecordedState): void {
    this.append(tick, state, LATE);
  }

  /** Resolves when the ticks so far can be read, or after a second when the engine is slow or away. */
  settle(): Promise<void> {
    return (this.settling ??= this.settled());
  }

  /** Sends what there is on its way. */
  flush(): void {
    this.pack(this.full.length);
    this.packOne(this.open);
    this.ship();
  }

  /** Stores what there is, or keeps it for the next start. */
  async close(): Promise<void> {
    this.cancel();
    this.flush();
    await this.shipper.close(CLOSE_WITHIN_MS);
  }

  private append(tick: Tick, { wireId, instrument }: RecordedState, flags: number): void {
    if (!this.packer.knows(wireId)) this.packer.learn(wireId, instrument.id);
    const kind = VENDOR * this.packer.vendors.numberOf(tick.vendor) + flags;
    if (this.open.append(tick, wireId, kind)) this.turn();
  }

  /** The open block is full: another takes its place, and it is packed when the ticks at hand have been handled. */
  private turn(): void {
    this.full.push(this.open);
    this.open = this.spare.pop() ?? new TickRows(BLOCK_ROWS);
    if (this.isPacking) return;
    this.isPacking = true;
    this.clock.after(0, () => this.packSome());
  }

  private packSome(): void {
    this.pack(Math.ceil(this.full.length / PACKED_SHARE));
    this.isPacking = this.full.length > 0;
    if (this.isPacking) this.clock.after(0, () => this.packSome());
  }

  private pack(blocks: number): void {
    for (const block of this.full.splice(0, blocks)) {
      this.packOne(block);
      if (this.spare.length < SPARE_BLOCKS) this.spare.push(block);
    }
  }

  private packOne(block: TickRows): void {
    if (block.rows === 0) return;
    this.packer.pack(block, this.parcel);
    this.rows += block.rows;
    block.rows = 0;
    if (this.rows >= BLOCKS * BLOCK_ROWS) this.ship();
  }

  private ship(): void {
    if (this.rows > 0) {
      const bytes = this.parcel.bytes();
      this.shipper.add(this.shipment('tickwire.ticks', 'Native', this.rows, bytes));
      this.parcel = new Parcel(SLACK * bytes.length);
      this.rows = 0;
    }
    const { moves } = this.packer;
    if (moves.length > 0) {
      const lines = moves.map((move) => `${JSON.stringify(move)}\n`).join('');
      this.shipper.add(this.shipment('tickwire.volume_moves', 'JSONEachRow', moves.length, alone(Buffer.from(lines))));
      this.packer.moves = [];
    }
    this.shippedAt = this.clock.elapsed();
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

  private get isEmpty(): boolean {
    return this.open.rows === 0 && this.full.length === 0 && this.rows === 0;
  }

  private async settled(): Promise<void> {
    const pauseMs = this.shippedAt + SETTLE_MS - this.clock.elapsed();
    await this.after(this.isEmpty ? 0 : pauseMs);
    // who comes from now on has ticks that this does not send
    this.settling = undefined;
    this.flush();
    await Promise.race([this.shipper.emptied(), this.after(SETTLE_WITHIN_MS)]);
  }

  private after(ms: number): Promise<void> {
    return new Promise((resolve) => this.clock.after(ms, resolve));
  }
}
