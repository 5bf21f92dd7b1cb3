import type { LastValueStore, QuoteState } from '#cache';
import { type Clock, InvalidSymbolError } from '#domain';
import type { QuotePipeline } from '../quote-pipeline.js';
import type { Accuracy } from './accuracy.js';
import type { TierReport, ValidationPolicy, ValidationTier } from './validation-policy.js';
import type { Watches } from './watches.js';

/** Puts every instrument into its tier: by the settings, by demand, by how accurate it has been, and by what somebody has said. */
export class Validation {
  constructor(
    private readonly lastValues: LastValueStore,
    private readonly pipeline: QuotePipeline,
    private readonly watches: Watches,
    private readonly policy: ValidationPolicy,
    private readonly accuracy: Accuracy,
    private readonly clock: Clock,
  ) {}

  /** The regular round, off the tick path; the first is before the first tick. */
  review(): void {
    for (const id of this.policy.critical) this.lastValues.peek(id);
    this.accuracy.review(this.pipeline.merged(), this.lastValues.all());
    this.watches.expire(this.clock.now());
    for (const state of this.lastValues.all()) this.place(state);
  }

  /** @throws InvalidSymbolError when there is no such instrument */
  tier(symbol: string): TierReport {
    return this.policy.report(this.stateOf(symbol));
  }

  /**
   * Puts an instrument into a tier at once; undefined lets it follow the settings and demand again.
   * @throws InvalidSymbolError when there is no such instrument
   */
  assign(symbol: string, tier: ValidationTier | undefined): TierReport {
    const state = this.stateOf(symbol);
    this.policy.assign(symbol, tier);
    this.place(state);
    return this.policy.report(state);
  }

  /** Instruments that are not in the normal tier. */
  tiers(): TierReport[] {
    return [...this.lastValues.all()]
      .map((state) => this.policy.report(state))
      .filter(({ tier, assigned }) => tier !== 'normal' || assigned !== undefined);
  }

  private place(state: QuoteState): void {
    const { id } = state.instrument;
    // what was corrected goes on being checked in depth until the doubt is over
    if (this.policy.of(state) === 'critical' || this.watches.get(id)?.doubt !== undefined) this.watches.watch(state);
    else this.watches.unwatch(id);
  }

  private stateOf(symbol: string): QuoteState {
    const state = this.lastValues.peek(symbol);
    if (state === undefined) throw new InvalidSymbolError(symbol);
    return state;
  }
}
