import type { Book } from './book.js';
import type { InstrumentId } from './instrument.js';
import type { EpochMs } from './time.js';

/** Short lower-case name of a vendor, as `VENDORS` lists it: `bse`. */
export type VendorId = string;

/**
 * One observation of one instrument by one vendor: only the fields its frame carried.
 * Prices are in the instrument's currency, sizes and volumes in units of the instrument.
 * `undefined` means the frame said nothing; `NaN` means it said that there is none (no bid), which clears the field.
 */
export interface Tick {
  readonly instrument: InstrumentId;
  readonly vendor: VendorId;
  readonly receivedAt: EpochMs;
  /** Exchange event time as the vendor sent it; undefined when it sends none. */
  readonly eventTime: EpochMs | undefined;
  /** Step of `eventTime` when coarser than a millisecond: 60,000 where the vendor sends minutes. */
  readonly eventTimeStep: number | undefined;
  /** Last traded price. */
  readonly price: number | undefined;
  /** Traded today, cumulative. */
  readonly volume: number | undefined;
  readonly bid: number | undefined;
  readonly ask: number | undefined;
  readonly bidSize: number | undefined;
  readonly askSize: number | undefined;
  readonly lastSize: number | undefined;
  readonly averagePrice: number | undefined;
  readonly open: number | undefined;
  readonly high: number | undefined;
  readonly low: number | undefined;
  readonly previousClose: number | undefined;
  readonly openInterest: number | undefined;
  /** Whether trading of the instrument is suspended. */
  readonly halted: boolean | undefined;
  /** Circuit limits of the day, where the vendor sends them; they bound what validation accepts. */
  readonly lowerCircuit: number | undefined;
  readonly upperCircuit: number | undefined;
  /** The whole book as far as it is kept, where the frame carried levels behind the best. */
  readonly book: Book | undefined;
}

/** The parts of a tick every vendor must give; the rest it may leave out. */
export type TickInput = Pick<Tick, 'instrument' | 'vendor' | 'receivedAt'> & Partial<Tick>;

/** Builds a tick with every property present and in one order, so that the tick path sees one hidden class. */
export function tick(input: TickInput): Tick {
  return {
    instrument: input.instrument,
    vendor: input.vendor,
    receivedAt: input.receivedAt,
    eventTime: input.eventTime,
    eventTimeStep: input.eventTimeStep,
    price: input.price,
    volume: input.volume,
    bid: input.bid,
    ask: input.ask,
    bidSize: input.bidSize,
    askSize: input.askSize,
    lastSize: input.lastSize,
    averagePrice: input.averagePrice,
    open: input.open,
    high: input.high,
    low: input.low,
    previousClose: input.previousClose,
    openInterest: input.openInterest,
    lowerCircuit: input.lowerCircuit,
    upperCircuit: input.upperCircuit,
    book: input.book,
    halted: input.halted,
  };
}
