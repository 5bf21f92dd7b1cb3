import { Transform } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsIn, IsNumber, IsOptional, IsString, MaxLength } from 'class-validator';
import type { InstrumentId } from '#domain';
import { MAX_SYMBOLS_PER_MESSAGE } from './symbol-limits.js';

export const CONTROL_ACTIONS = ['pause', 'resume', 'refresh'] as const;
export type ControlAction = (typeof CONTROL_ACTIONS)[number];

/** Every symbol, those nobody has asked for yet too. */
export const ALL_SYMBOLS = 'all';

/** An operator's order about the prices of symbols, as `market-data:control` and REST take it. */
export class ControlMessage {
  @IsIn(CONTROL_ACTIONS)
  action!: ControlAction;

  /** Symbols, or `all`, which is kept as a list of itself. */
  @Transform(({ value }: { value: unknown }) => (value === ALL_SYMBOLS ? [ALL_SYMBOLS] : value))
  @IsArray({ message: `symbols must be a list, or "${ALL_SYMBOLS}"` })
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_SYMBOLS_PER_MESSAGE)
  @IsString({ each: true })
  @MaxLength(64, { each: true })
  symbols!: string[];

  /** Repeated in the answer. */
  @IsOptional()
  @IsString()
  @MaxLength(64)
  id?: string;

  /** Who orders it; repeated in the answer. */
  @IsOptional()
  @IsString()
  @MaxLength(64)
  by?: string;
}

/** What came of an order: the answer of REST, and the message on `market-data:control:done`. */
export class ControlDone {
  @IsIn(CONTROL_ACTIONS)
  readonly action!: ControlAction;

  /** Symbols it was carried out for; `['all']` for every symbol. */
  @IsArray()
  @IsString({ each: true })
  readonly symbols!: readonly InstrumentId[];

  /** Symbols of a refresh that no vendor can be asked for now. */
  @IsOptional()
  @IsArray()
  @IsString({ each: true })
  readonly unasked?: readonly InstrumentId[];

  @IsOptional()
  @IsString()
  readonly id?: string;

  @IsOptional()
  @IsString()
  readonly by?: string;

  /** Epoch ms. */
  @IsNumber()
  readonly timestamp!: number;
}
