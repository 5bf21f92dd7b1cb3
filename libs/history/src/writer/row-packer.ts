import type { InstrumentId, Tick } from '#domain';
import { tick } from '#domain';
import { NumberedTexts } from './numbered-texts.js';
import { nativeText } from './native-block.js';
import type { Parcel } from './parcel.js';
import { TickColumns } from './tick-columns.js';
import { COUNTED, LATE, ROW, type TickRows, UNSAID, VENDOR } from './tick-rows.js';
import { TradedSizes } from './traded-sizes.js';

/** A row of `volume_moves`: volume that belongs to another time than that with which it was counted. */
export interface Move {
  readonly symbol: InstrumentId;
  readonly time: number;
  readonly size: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Works out of rows of ticks what they traded, and packs them for the engine: all of it what the tick path need not wait for. */
export class RowPacker {
  readonly vendors = new NumberedTexts();
  moves: Move[] = [];
  private readonly columns: TickColumns;
  /** By wire id. */
  private readonly symbols: InstrumentId[] = [];
  private readonly symbolBytes: Uint8Array[] = [];
  private readonly sizes: TradedSizes[] = [];
  /** One for all rows, since nobody keeps it. */
  private readonly told: Mutable<Tick> = tick({ instrument: '', vendor: '', receivedAt: 0 });

  constructor(capacity: number) {
    this.columns = new TickColumns(capacity);
  }

  knows(wireId: number): boolean {
    return this.symbols[wireId] !== undefined;
  }

  learn(wireId: number, symbol: InstrumentId): void {
    this.symbols[wireId] = symbol;
    this.symbolBytes[wireId] = nativeText(symbol);
    this.sizes[wireId] = new TradedSizes();
  }

  /** Puts the rows into the parcel. Rows are packed in the order in which they came. */
  pack({ rows, numbers }: TickRows, parcel: Parcel): void {
    for (let row = 0; row < rows; row++) this.add(numbers, row * ROW);
    this.columns.pack(parcel, this.symbolBytes, this.vendors.bytes);
  }

  private add(numbers: Float64Array, at: number): void {
    const wireId = numbers[at] as number;
    const kind = numbers[at + 1] as number;
    const vendor = Math.floor(kind / VENDOR);
    const isLate = (kind & LATE) !== 0;
    const sizes = this.sizes[wireId] as TradedSizes;
    const { told } = this;
    told.vendor = this.vendors.texts[vendor] as string;
    told.eventTime = numbers[at + 2] as number;
    told.receivedAt = numbers[at + 3] as number;
    told.price = said(numbers[at + 4] as number);
    told.volume = said(numbers[at + 5] as number);
    told.lastSize = said(numbers[at + 6] as number);
    const size = isLate ? sizes.late(told) : sizes.accepted(told, (kind & COUNTED) === 0 ? undefined : told.volume);
    if (isLate) this.move(wireId, sizes);
    this.columns.append(numbers, at, vendor, isLate ? 1 : 0, sizes.arrival(told.receivedAt), size);
  }

  private move(wireId: number, { moved }: TradedSizes): void {
    if (moved === undefined) return;
    const symbol = this.symbols[wireId] as InstrumentId;
    this.moves.push({ symbol, time: moved.to, size: moved.size }, { symbol, time: moved.from, size: -moved.size });
  }
}

function said(value: number): number | undefined {
  return value === UNSAID ? undefined : value;
}
