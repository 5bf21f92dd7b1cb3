import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsIn, IsObject, IsOptional, IsString, MaxLength, MinLength } from 'class-validator';
import { InvalidMessageError } from '#domain';
import { MAX_SQL_LENGTH, QUERY_FORMATS, type QueryFormat, type QueryParam, type QueryParams } from '#history';

const FORMATS = Object.keys(QUERY_FORMATS) as QueryFormat[];
const MAX_PARAMS = 100;
const EXAMPLE =
  'SELECT symbol, max(price) AS high FROM ticks WHERE time >= now() - INTERVAL 1 HOUR AND symbol LIKE {like:String} GROUP BY symbol';

export class QueryBody {
  @ApiProperty({ maxLength: MAX_SQL_LENGTH, example: EXAMPLE, description: 'One SELECT in the SQL of ClickHouse' })
  @IsString()
  @MinLength(1)
  @MaxLength(MAX_SQL_LENGTH)
  sql!: string;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    example: { like: 'NSE:TATA%' },
    description: 'Values of `{name:Type}` in the statement; as JSON where they stand in an address',
  })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? parsed(value) : value))
  @IsObject()
  params?: Record<string, unknown>;

  @ApiPropertyOptional({
    enum: FORMATS,
    description: 'What `Accept` asks for when absent; ndjson is one object on each line',
  })
  @IsOptional()
  @IsIn(FORMATS)
  format?: QueryFormat;
}

export class QueryColumn {
  @ApiProperty({ example: 'price' }) name!: string;
  @ApiProperty({ example: 'Float64' }) type!: string;
}

export class QueryStatistics {
  @ApiProperty({ description: 'Seconds' }) elapsed!: number;
  @ApiProperty() rows_read!: number;
  @ApiProperty() bytes_read!: number;
}

export class QueryAnswer {
  @ApiProperty({ type: [QueryColumn] }) columns!: QueryColumn[];
  @ApiProperty({
    type: 'array',
    items: { type: 'array', items: {} },
    description: 'Values in the order of the columns',
  })
  rows!: unknown[][];
  @ApiProperty() rowCount!: number;
  @ApiProperty({ type: QueryStatistics }) statistics!: QueryStatistics;
}

/** @throws InvalidMessageError for a value that is no parameter */
export function paramsOf({ params = {} }: QueryBody): QueryParams {
  const entries = Object.entries(params);
  if (entries.length > MAX_PARAMS) throw new InvalidMessageError(`params are ${MAX_PARAMS} at most`);
  for (const [name, value] of entries) {
    if (!/^[A-Za-z_]\w{0,63}$/.test(name)) throw new InvalidMessageError('params have names of letters, digits and _');
    if (!isParam(value))
      throw new InvalidMessageError(
        `params.${name} must be a text, a number, a boolean, null, or a list of texts or of numbers`,
      );
  }
  return params as Record<string, QueryParam>;
}

function isParam(value: unknown): value is QueryParam {
  if (Array.isArray(value))
    return value.every((item) => typeof item === 'string') || value.every((item) => typeof item === 'number');
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
