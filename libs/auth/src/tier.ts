import { ArrayUnique, IsArray, IsBoolean, IsInt, IsNumber, IsOptional, Matches, Max, Min } from 'class-validator';
import { type Entitlements, SYMBOL_PATTERN } from './entitlements.js';

/** A tier as the tiers file writes it. What it leaves out is the built-in tier's; a limit that is absent in both does not exist. */
export class TierSettings {
  /** Socket connections of one user at a time. */
  @IsOptional()
  @IsInt()
  @Min(1)
  connectionsPerUser?: number;

  /** Socket connections from one address at a time, of all its users of this tier and others. */
  @IsOptional()
  @IsInt()
  @Min(1)
  connectionsPerAddress?: number;

  @IsOptional()
  @IsInt()
  @Min(1)
  symbolsPerConnection?: number;

  @IsOptional()
  @IsInt()
  @Min(1)
  messagesPerSecond?: number;

  /** Symbols a user may subscribe to in a minute, over all connections. */
  @IsOptional()
  @IsInt()
  @Min(1)
  subscriptionsPerMinute?: number;

  /** Updates of one symbol a second, Hz. */
  @IsOptional()
  @IsNumber()
  @Min(0.01)
  @Max(1000)
  maxFrequency?: number;

  /** Whether every tick may be had, unmerged; false when not said. */
  @IsOptional()
  @IsBoolean()
  unconflated?: boolean;

  /** REST requests of a user in a minute. */
  @IsOptional()
  @IsInt()
  @Min(1)
  requestsPerMinute?: number;

  /** What may be seen: `*`, `NSE:*`, `NSE:TATA*`, `BSE:500325`. */
  @IsOptional()
  @IsArray()
  @ArrayUnique()
  @Matches(SYMBOL_PATTERN, { each: true })
  symbols?: string[];

  /** Whether admin routes and metrics are open where they ask for a token. */
  @IsOptional()
  @IsBoolean()
  operator?: boolean;
}

/** A tier as it applies. */
export interface Tier extends Omit<TierSettings, 'symbols'> {
  readonly name: string;
  readonly symbolsPerConnection: number;
  readonly messagesPerSecond: number;
  readonly entitlements: Entitlements;
  readonly operator: boolean;
}
