import type { Instrument, Random } from '#domain';
import type { Company } from './company.js';
import { normal } from './seeded-random.js';

const CIRCUIT = 0.2;

/** One instrument on one exchange. Prices are rupees, each the number nearest to a whole step of the tick size. */
export class Listing {
  previousClose = 0;
  lowerCircuit = 0;
  upperCircuit = 0;
  last: number;
  bid = 0;
  ask = 0;
  bidSize = 0;
  askSize = 0;
  lastSize = 0;
  volume = 0;
  open: number | undefined;
  high: number | undefined;
  low: number | undefined;
  /** Time of the last trade; undefined before the first. */
  tradedAt: number | undefined;

  /** When the next tick is due, and what the exchange or the crowd does to it meanwhile. */
  nextAt = 0;
  haltedUntil = 0;
  burstUntil = 0;

  /** In the smallest unit of the currency, so that the sum is exact. */
  private turnover = 0;
  private readonly basis: number;
  private readonly lot: number;

  constructor(
    readonly instrument: Instrument,
    readonly company: Company,
    referencePrice: number,
    private readonly random: Random,
    /** Time of the last change of any kind, trade or quote. */
    public changedAt: number,
  ) {
    this.basis = normal(random) * 0.0003;
    this.lot = Math.max(1, Math.round(200_000 / referencePrice));
    this.last = this.onGrid(referencePrice);
    this.startDay(changedAt);
  }

  /** Turnover divided by volume; undefined before the first trade of the day. */
  get averagePrice(): number | undefined {
    return this.volume === 0 ? undefined : Math.round(this.turnover / this.volume) / this.scale;
  }

  /** A new trading day: the last price is the previous close, the circuit limits lie around it, and nothing has traded yet. */
  startDay(now: number): void {
    this.previousClose = this.last;
    this.lowerCircuit = this.onGrid(this.last * (1 - CIRCUIT), Math.ceil);
    this.upperCircuit = this.onGrid(this.last * (1 + CIRCUIT), Math.floor);
    this.volume = 0;
    this.turnover = 0;
    this.lastSize = 0;
    this.open = undefined;
    this.high = undefined;
    this.low = undefined;
    this.quote(now);
  }

  /** Orders come and go, nothing trades. */
  quote(now: number): void {
    const { tickSize } = this.instrument;
    const width = 1 + Math.floor(this.random() * 3);
    const below = 1 + Math.floor(this.random() * width);
    this.bid = Math.max(this.lowerCircuit, this.onGrid(this.last - below * tickSize));
    this.ask = Math.min(this.upperCircuit, this.onGrid(this.last + (width + 1 - below) * tickSize));
    this.bidSize = 1 + Math.floor(this.random() * this.lot * 10);
    this.askSize = 1 + Math.floor(this.random() * this.lot * 10);
    this.changedAt = now;
  }

  /** The auction's one price, at which the day opens. */
  openAuction(now: number): void {
    this.print(this.fairPrice, this.lot * (20 + Math.floor(this.random() * 200)), now);
  }

  /** One trade of the continuous session. */
  trade(now: number): void {
    this.company.wander(now, this.random);
    const quoted = this.random() < 0.5 ? this.bid : this.ask;
    // some trades hit a quote, the others go between or beyond as the worth moves
    const price = this.random() < 0.4 ? quoted : this.fairPrice;
    this.print(price, 1 + Math.floor(this.random() ** 3 * this.lot * 4), now);
  }

  /** A trade at a price somebody has ordered, kept within the circuit limits. */
  print(price: number, size: number, now: number): void {
    this.last = this.onGrid(this.withinLimits(price));
    this.lastSize = size;
    this.volume += size;
    this.turnover += size * Math.round(this.last * this.scale);
    this.open ??= this.last;
    this.high = Math.max(this.high ?? this.last, this.last);
    this.low = Math.min(this.low ?? this.last, this.last);
    this.tradedAt = now;
    this.quote(now);
  }

  /** Moves the company's worth to where a print has put it. */
  reprice(price: number): void {
    this.company.moveTo(this.withinLimits(price) / (1 + this.basis));
  }

  private get fairPrice(): number {
    return this.company.fair * (1 + this.basis);
  }

  private get scale(): number {
    return 10 ** this.instrument.decimals;
  }

  private withinLimits(price: number): number {
    return Math.min(this.upperCircuit, Math.max(this.lowerCircuit, price));
  }

  private onGrid(price: number, round: (value: number) => number = Math.round): number {
    const { tickSize } = this.instrument;
    return Math.round(round(price / tickSize) * tickSize * this.scale) / this.scale;
  }
}
