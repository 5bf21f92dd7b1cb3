import type { QuoteState } from '#cache';
import type { InstrumentId } from '#domain';
import type { Accuracy } from './accuracy.js';

/** How important an instrument is. `normal`: tier 1. `high`: also compared with a second vendor. `critical`: also checked in depth. */
export const VALIDATION_TIERS = ['normal', 'high', 'critical'] as const;
export type ValidationTier = (typeof VALIDATION_TIERS)[number];

/** The tier an instrument is in, and why. */
export interface TierReport {
  readonly symbol: InstrumentId;
  readonly tier: ValidationTier;
  /** Tier somebody has put it in; undefined where it follows the settings and demand. */
  readonly assigned: ValidationTier | undefined;
  /** Whether the tier is one higher because too many ticks were wrong lately. */
  readonly strict: boolean;
}

/** Decides which checks an instrument's ticks go through. */
export class ValidationPolicy {
  /** Instruments that are critical by the settings. */
  readonly critical: ReadonlySet<InstrumentId>;
  private readonly assigned = new Map<InstrumentId, ValidationTier>();

  /**
   * @param critical instruments that are critical by the settings
   * @param isHot whether many want an instrument, which makes it high
   */
  constructor(
    critical: readonly InstrumentId[],
    private readonly isHot: (id: InstrumentId) => boolean,
    private readonly accuracy: Pick<Accuracy, 'isStrict'>,
  ) {
    this.critical = new Set(critical);
  }

  /** Puts an instrument into a tier until the process ends; undefined lets it follow the settings and demand again. */
  assign(id: InstrumentId, tier: ValidationTier | undefined): void {
    if (tier === undefined) this.assigned.delete(id);
    else this.assigned.set(id, tier);
  }

  of(state: QuoteState): ValidationTier {
    const { id } = state.instrument;
    const base = this.assigned.get(id) ?? this.byDefault(id);
    return this.accuracy.isStrict(id, state.latestSource) ? stricter(base) : base;
  }

  report(state: QuoteState): TierReport {
    const { id } = state.instrument;
    const strict = this.accuracy.isStrict(id, state.latestSource);
    return { symbol: id, tier: this.of(state), assigned: this.assigned.get(id), strict };
  }

  private byDefault(id: InstrumentId): ValidationTier {
    if (this.critical.has(id)) return 'critical';
    return this.isHot(id) ? 'high' : 'normal';
  }
}

function stricter(tier: ValidationTier): ValidationTier {
  return tier === 'normal' ? 'high' : 'critical';
}
