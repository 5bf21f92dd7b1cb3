import type { Instrument } from '#domain';

const NEW_YORK = 'America/New_York';

interface Place {
  readonly suffix: string;
  readonly zone: string;
}

const PLACES: ReadonlyMap<string, Place> = new Map([
  ['NASDAQ', { suffix: '', zone: NEW_YORK }],
  ['NYSE', { suffix: '', zone: NEW_YORK }],
  ['BSE', { suffix: '.BSE', zone: 'Asia/Kolkata' }],
  ['NSE', { suffix: '.NSE', zone: 'Asia/Kolkata' }],
]);

/** The vendor's symbol: `IBM`, `RELIANCE.BSE`. Undefined for an exchange whose suffix is not known. NSE is undocumented. */
export function plainSymbol({ ticker, exchange }: Instrument): string | undefined {
  const place = PLACES.get(exchange);
  return place === undefined ? undefined : `${ticker}${place.suffix}`;
}

/** Time zone in which the vendor writes the times of an exchange. */
export function zoneOf(exchange: string): string {
  return PLACES.get(exchange)?.zone ?? NEW_YORK;
}

/** Realtime data is of US exchanges only. */
export function isAmerican(exchange: string): boolean {
  return exchange === 'NASDAQ' || exchange === 'NYSE';
}
