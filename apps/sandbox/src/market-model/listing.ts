import type { Instrument, Random } from '#domain';
import { normal } from './seeded-random.js';

/** What both listings of a company have in common: its worth, which wanders. */
export interface Company {
  /** Fair price in rupees. */
  fair: number;
  /** Standard deviation of the price within a day, as a share. */
  readonly volatility: number;
}

/** Seconds of an Indian trading day, over which the volatility is spread. */
const DAY_SECONDS = 22_500;
const CIRCUIT = 0.2;

/** One instrument on one exchange. Prices are whole steps of the tick size inside, so that they are exact outside. */
export class Listing {
  readonly previousClose: number;
  readonly lowerCircuit: number;
  readonly upperCircuit: number;
  last: number;
  bid: number;
  ask: number;
  bidSize = 0;
  askSize = 0;
  lastSize = 0;
  volume = 0;
  open: number | undefined;
  high: number | undefined;
  low: number | undefined;
  /** Time of the last trade; undefined before the first. */
  tradedAt: number | undefined;
  /** Counts changes, so that a reader sees whether it has missed one. */
  version = 0;

  /** When the next tick is due, and what the exchange or the crowd does to it meanwhile. */
  nextAt = 0;
  haltedUntil = 0;
  burstUntil = 0;

  private turnover = 0;
  private readonly basis: number;
  private readonly lot: number;

  constructor(
    readonly instrument: Instrument,
    readonly company: Company,
    referencePrice: number,
    private readonly random: Random,
  ) {
    this.previousClose = this.onGrid(referencePrice);
    this.lowerCircuit = this.onGrid(referencePrice * (1 - CIRCUIT), Math.ceil);
    this.upperCircuit = this.onGrid(referencePrice * (1 + CIRCUIT), Math.floor);
    this.basis = normal(random) * 0.0003;
    this.lot = Math.max(1, Math.round(200_000 / referencePrice));
    this.last = this.previousClose;
    this.bid = this.last;
    this.ask = this.last;
    this.makeQuote();
  }

  /** Turnover divided by volume; undefined before the first trade. */
  get averagePrice(): number | undefined {
    return this.volume === 0 ? undefined : Math.round((this.turnover / this.volume) * 100) / 100;
  }

  /** Orders come and go, nothing trades. */
  quote(): void {
    this.makeQuote();
    this.version++;
  }

  /** The auction's one price, at which the day opens. */
  openAuction(now: number): void {
    this.company.fair *= 1 + normal(this.random) * this.company.volatility * 0.3;
    this.print(this.fairPrice(), this.lot * (20 + Math.floor(this.random() * 200)), now);
  }

  /** A trade `seconds` after the one before. */
  trade(now: number, seconds: number): void {
    const { company } = this;
    company.fair *= 1 + normal(this.random) * company.volatility * Math.sqrt(seconds / DAY_SECONDS);
    const spread = this.random() < 0.5 ? this.bid : this.ask;
    // most trades hit a quote, some go between or beyond as the worth moves
    const price = this.random() < 0.4 ? spread : this.fairPrice();
    this.print(price, 1 + Math.floor(this.random() ** 3 * this.lot * 4), now);
  }

  /** A trade at a price somebody has ordered, kept within the circuit limits. */
  print(price: number, size: number, now: number): void {
    this.last = Math.min(this.upperCircuit, Math.max(this.lowerCircuit, this.onGrid(price)));
    this.lastSize = size;
    this.volume += size;
    this.turnover += size * this.last;
    this.open ??= this.last;
    this.high = Math.max(this.high ?? this.last, this.last);
    this.low = Math.min(this.low ?? this.last, this.last);
    this.tradedAt = now;
    this.makeQuote();
    this.version++;
  }

  /** Moves the company's worth to where a print has put it. */
  reprice(price: number): void {
    this.company.fair = price / (1 + this.basis);
  }

  private fairPrice(): number {
    return this.company.fair * (1 + this.basis);
  }

  private makeQuote(): void {
    const { tickSize } = this.instrument;
    const width = 1 + Math.floor(this.random() * 3);
    const below = 1 + Math.floor(this.random() * width);
    this.bid = Math.max(this.lowerCircuit, this.onGrid(this.last - below * tickSize));
    this.ask = Math.min(this.upperCircuit, this.onGrid(this.last + (width + 1 - below) * tickSize));
    this.bidSize = 1 + Math.floor(this.random() * this.lot * 10);
    this.askSize = 1 + Math.floor(this.random() * this.lot * 10);
  }

  private onGrid(price: number, round: (value: number) => number = Math.round): number {
    const { tickSize, decimals } = this.instrument;
    const scale = 10 ** decimals;
    return Math.round(round(price / tickSize) * tickSize * scale) / scale;
  }
}
