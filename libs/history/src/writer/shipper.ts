import { type Clock, type Log, MarketDataError } from '#domain';
import type { HistoryEngine } from '../history-engine.js';
import type { Shipment } from './shipment.js';
import type { Spill } from './spill.js';

export interface ShipperOptions {
  /** Waiting in memory at most; the rest goes to the spill. */
  readonly bufferBytes: number;
}

/** Pause before an engine that has refused a shipment for the moment is sent it again, ms. */
const RETRY_MS = 500;
/** Rows lost so lately make history red, ms. */
const REMEMBERED_MS = 60_000;
/** An engine that is up and has not taken a shipment for this long is not well, ms. */
const STUCK_MS = 5000;

type Target = Pick<HistoryEngine, 'insert' | 'state' | 'onState'>;

/**
 * Takes shipments to the engine one after the other. While it is slow or away they wait in memory, then in the spill, both bounded; what
 * finds no room is counted and lost.
 */
export class Shipper {
  /** Rows since start. */
  stored = 0;
  lost = 0;
  spilled = 0;
  /** Bytes in memory. */
  waitingBytes = 0;
  private readonly waiting: Shipment[] = [];
  private lostAt = -Infinity;
  /** Since when the shipment on its way is. */
  private sentAt: number | undefined;
  private trouble: string | undefined;
  private sending: Promise<void> | undefined;
  private spilling: Promise<void> | undefined;
  private isClosed = false;
  private pause: (() => void) | undefined;

  constructor(
    private readonly engine: Target,
    readonly spill: Spill,
    private readonly options: ShipperOptions,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {
    engine.onState(() => this.go());
    spill.onLost((rows) => this.countLost(rows));
    this.go();
  }

  /** Whether rows were lost within the last minute. */
  get isLosing(): boolean {
    return this.clock.elapsed() - this.lostAt < REMEMBERED_MS;
  }

  /** Whether a shipment has been on its way for long, sent once or again and again. */
  get isStuck(): boolean {
    return this.sentAt !== undefined && this.clock.elapsed() - this.sentAt > STUCK_MS;
  }

  add(shipment: Shipment): void {
    // the spill is behind as well: what it cannot take in time is not kept in memory for ever
    if (this.waitingBytes > 2 * this.options.bufferBytes) return this.lose(shipment);
    this.waiting.push(shipment);
    this.waitingBytes += shipment.bytes.length;
    this.go();
    if (this.waitingBytes > this.options.bufferBytes) this.relieve(this.options.bufferBytes / 2);
  }

  /** Resolves when what waits in memory now is stored, or cannot be for the moment. */
  async emptied(): Promise<void> {
    await this.sending;
  }

  /** Stores what waits if the engine takes it within the time, and keeps the rest in the spill. */
  async close(withinMs: number): Promise<void> {
    const isLate = new Promise<void>((resolve) => this.clock.after(withinMs, resolve));
    while (this.waiting.length > 0 && this.engine.state === 'up') {
      const before = this.waiting.length;
      await Promise.race([this.sending ?? Promise.resolve(), isLate]);
      if (this.waiting.length === before) break;
    }
    this.isClosed = true;
    this.pause?.();
    await this.spilling;
    await this.spillDownTo(0);
    await this.spill.close();
  }

  private go(): void {
    if (this.isClosed || this.sending !== undefined || this.engine.state !== 'up') return;
    if (this.waiting.length === 0 && this.spill.isEmpty) return;
    this.sending = this.sendAll().finally(() => {
      this.sending = undefined;
      if (this.waiting.length > 0) this.go();
    });
  }

  private async sendAll(): Promise<void> {
    while (!this.isClosed && this.engine.state === 'up') {
      const [shipment] = this.waiting;
      if (shipment !== undefined) {
        if (!(await this.send(shipment))) continue;
        // it may have been taken to the spill meanwhile, and is stored all the same
        const at = this.waiting.indexOf(shipment);
        if (at !== -1) this.remove(at);
        continue;
      }
      try {
        const kept = await this.spill.oldest();
        if (kept === undefined) return;
        if (await this.send(kept)) await this.spill.done();
      } catch (error) {
        this.troubled(String(error));
        await this.rest();
      }
    }
  }

  /** Whether it need not be sent again. */
  private async send(shipment: Shipment): Promise<boolean> {
    const { table, format, bytes, token, rows } = shipment;
    this.sentAt ??= this.clock.elapsed();
    try {
      await this.engine.insert(table, format, bytes, token);
      this.sentAt = undefined;
      this.stored += rows;
      return true;
    } catch (error) {
      if (error instanceof MarketDataError && !error.retryable) {
        this.log.error({ rows, table, error: error.message }, 'the history engine refuses rows for good');
        this.sentAt = undefined;
        this.countLost(rows);
        return true;
      }
      this.log.debug({ error: String(error) }, 'rows wait for the history engine');
      if (this.engine.state === 'up') await this.rest();
      return false;
    }
  }

  private rest(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.clock.after(RETRY_MS, resolve);
      this.pause = () => {
        cancel();
        resolve();
      };
    });
  }

  /** The spill cannot be read for the moment: said once. */
  private troubled(error: string): void {
    if (error !== this.trouble) this.log.error({ error }, 'the spill file could not be read; it is tried again');
    this.trouble = error;
  }

  /** Moves the newest of what waits to the spill, until so many bytes are left; the oldest may be on their way. */
  private relieve(untilBytes: number): void {
    this.spilling ??= this.spillDownTo(untilBytes).finally(() => (this.spilling = undefined));
  }

  private async spillDownTo(bytes: number): Promise<void> {
    const onItsWay = this.sending === undefined || this.isClosed ? 0 : 1;
    while (this.waitingBytes > bytes && this.waiting.length > onItsWay) {
      const shipment = this.waiting.at(-1) as Shipment;
      this.remove(this.waiting.length - 1);
      if (await this.spill.keep(shipment)) this.spilled += shipment.rows;
      else this.lose(shipment);
    }
  }

  private remove(at: number): void {
    const [shipment] = this.waiting.splice(at, 1);
    this.waitingBytes -= shipment?.bytes.length ?? 0;
  }

  private lose({ rows }: Shipment): void {
    if (!this.isLosing) this.log.error({ rows }, 'history has no room for ticks: they are lost');
    this.countLost(rows);
  }

  private countLost(rows: number): void {
    this.lost += rows;
    this.lostAt = this.clock.elapsed();
  }
}
