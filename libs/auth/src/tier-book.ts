import { IsObject, IsOptional, IsString } from 'class-validator';
import { ConfigError } from '#domain';
import { Entitlements } from './entitlements.js';
import { checked, parseJsonObject } from './file-check.js';
import { type Tier, TierSettings } from './tier.js';

/** Name of the tier there is without a tiers file. */
export const BUILT_IN_TIER = 'default';

/** What the built-in tier allows; it has every symbol, every tick and no other limit. */
export interface BuiltInLimits {
  readonly symbolsPerConnection: number;
  readonly messagesPerSecond: number;
}

class TiersFile {
  /** Tier of a token or key that names none. */
  @IsOptional()
  @IsString()
  default?: string;

  /** Tier of those without a credential. */
  @IsOptional()
  @IsString()
  anonymous?: string;

  @IsObject()
  tiers!: Record<string, unknown>;
}

/** The tiers there are, and which apply where none is named. */
export class TierBook {
  private constructor(
    private readonly tiers: ReadonlyMap<string, Tier>,
    readonly standard: Tier,
    readonly anonymous: Tier,
  ) {}

  static builtIn(limits: BuiltInLimits): TierBook {
    const tier = tierOf(BUILT_IN_TIER, { unconflated: true }, limits);
    return new TierBook(new Map([[tier.name, tier]]), tier, tier);
  }

  /**
   * Reads `{"default"?: name, "anonymous"?: name, "tiers": {name: TierSettings}}`. A default that is not named is the built-in tier.
   * @param where setting and path, for the errors
   * @throws ConfigError naming every problem by its place
   */
  static parse(text: string, where: string, limits: BuiltInLimits): TierBook {
    const file = checked(TiersFile, parseJsonObject(text, where), where, '$');
    const tiers = new Map([[BUILT_IN_TIER, tierOf(BUILT_IN_TIER, { unconflated: true }, limits)]]);
    for (const [name, value] of Object.entries(file.tiers))
      tiers.set(name, tierOf(name, checked(TierSettings, value, where, `$.tiers.${name}`), limits));
    const chosen = (place: string, name: string): Tier => {
      const tier = tiers.get(name);
      if (tier === undefined)
        throw new ConfigError([`${where}: $.${place} names no tier of this file: ${JSON.stringify(name)}`]);
      return tier;
    };
    const standard = chosen('default', file.default ?? BUILT_IN_TIER);
    return new TierBook(tiers, standard, file.anonymous === undefined ? standard : chosen('anonymous', file.anonymous));
  }

  /** The tier of that name, or the default one where none is named; undefined when there is no such tier. */
  named(name: string | undefined): Tier | undefined {
    return name === undefined ? this.standard : this.tiers.get(name);
  }
}

function tierOf(name: string, settings: TierSettings, limits: BuiltInLimits): Tier {
  const { symbols = ['*'], operator = false, ...rest } = settings;
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return { ...limits, ...given, name, operator, entitlements: new Entitlements(symbols) };
}
