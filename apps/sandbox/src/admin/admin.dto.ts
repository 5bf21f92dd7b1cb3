import { IsIn, IsInt, IsNumber, IsOptional, IsString, Max, Min, NotEquals, ValidateIf } from 'class-validator';
import { type Fault, FAULT_KINDS, type FaultKind, type Target, TARGETS } from '../faults.js';

export class FaultRequest implements Fault {
  @IsIn(TARGETS)
  target!: Target;

  @IsIn(FAULT_KINDS)
  kind!: FaultKind;

  // a delay without a length would delay nothing
  @ValidateIf(({ kind, ms }: FaultRequest) => kind === 'delay' || (ms !== undefined && ms !== null))
  @IsInt()
  @Min(0)
  @Max(600_000)
  ms?: number;

  @IsOptional()
  @IsInt()
  @Min(400)
  @Max(599)
  status?: number;

  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(3600)
  retryAfterSeconds?: number;

  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(1)
  share?: number;

  @IsOptional()
  @IsString()
  symbol?: string;

  @IsOptional()
  @IsNumber()
  @NotEquals(1)
  factor?: number;
}

export class PriceRequest {
  @IsString()
  symbol!: string;

  @IsNumber()
  @Min(0.01)
  price!: number;
}
