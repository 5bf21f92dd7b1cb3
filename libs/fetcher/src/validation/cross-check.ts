import type { EpochMs } from '#domain';

/** How far two vendors' prices of one instrument may be apart, as a share of the smaller. */
export const AGREEMENT = 0.01;
/** How much older a price may be and still say something about the other, ms. */
const MAX_LAG_MS = 5000;
/** From this lead on a price is the newer one, ms: vendors that stamp minutes may be a minute younger than they look. */
const CLEARLY_NEWER_MS = 65_000;
const MINUTE_MS = 60_000;
/** A difference that a minute does not bring about, as a share. */
const IMPLAUSIBLE = 0.05;

/** A price with what is known about its time. */
export interface Sighting {
  readonly price: number;
  /** Vendor's event time; undefined when it gave none. */
  readonly eventTime: EpochMs | undefined;
  /** Step of `eventTime` when coarser than a millisecond. */
  readonly step: number | undefined;
}

/**
 * `agree`: within 1 %. `incomparable`: of different moments, and nothing says which is right. `ours` and `second`: they differ, and that one is the
 * consensus.
 */
export type CrossVerdict = 'agree' | 'incomparable' | 'ours' | 'second';

/**
 * Second tier: our price against a second vendor's. Pure.
 *
 * Where they differ, the consensus is whichever of the two is nearer to the last price on which two vendors agreed. That is the one
 * nearer to the median of the three, and never an old price served as new. Two witnesses alone decide nothing, so without an
 * earlier price ours stays, and so it does when the second does not say when its price was made. A second that is clearly newer
 * needs no third: it has seen trades which we have not.
 *
 * @param confirmed last price two vendors agreed on, or else the previous close; NaN when neither is known
 */
export function crossCheck(ours: Sighting, second: Sighting, confirmed: number): CrossVerdict {
  if (isAgreement(ours.price, second.price)) return 'agree';
  const lead = leadOf(second, ours);
  if (lead < -MAX_LAG_MS) return 'incomparable';
  if (lead > CLEARLY_NEWER_MS) return 'second';
  const distance = ({ price }: Sighting): number => Math.abs(Math.log(price / confirmed));
  // a comparison with NaN is false
  if (second.eventTime !== undefined && distance(second) < distance(ours))
    return isOfOneMoment(ours, second) ? 'second' : 'incomparable';
  return lead > MAX_LAG_MS ? 'incomparable' : 'ours';
}

/**
 * Whether a difference cannot be the market's: in a real move the price that lags is always the one nearer to the last agreement. A
 * second that tells minutes may lag by one, in which a price does not move by twentieths.
 */
function isOfOneMoment(ours: Sighting, second: Sighting): boolean {
  const { eventTime = NaN, step = 0 } = second;
  if (ours.eventTime === undefined || eventTime >= ours.eventTime - MAX_LAG_MS) return true;
  const apart = Math.abs(ours.price - second.price) / Math.min(ours.price, second.price);
  return step <= MINUTE_MS && apart > IMPLAUSIBLE;
}

/** Whether two vendors' prices are the same but for the moment at which they were taken. */
export function isAgreement(one: number, other: number): boolean {
  return Math.abs(one - other) <= AGREEMENT * Math.min(one, other);
}

/** How much newer one sighting is than the other, ms: 0 where that cannot be told. A coarse time may be anywhere within its step. */
function leadOf(one: Sighting, other: Sighting): number {
  if (one.eventTime === undefined || other.eventTime === undefined) return 0;
  const atLeast = one.eventTime - (other.eventTime + (other.step ?? 0));
  const atMost = one.eventTime + (one.step ?? 0) - other.eventTime;
  return atLeast > 0 ? atLeast : Math.min(0, atMost);
}
