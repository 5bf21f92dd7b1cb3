import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, Matches, Max, Min } from 'class-validator';
import { SymbolError } from '../v1/quotes.dto.js';

/** Items of a page that says nothing else. */
const PAGE = 100;
export const MAX_PAGE = 1000;
const CURSOR = /^[A-Za-z0-9_-]{1,512}$/;

/** A property with the place where a page begins. */
export function Cursor(): PropertyDecorator {
  const description = '`page.next` of the page before, with all other parameters as they were';
  return applyDecorators(
    ApiPropertyOptional({ description, pattern: CURSOR.source }),
    IsOptional(),
    Matches(CURSOR, { message: 'cursor must be a `page.next` of an answer' }),
  );
}

/** Which page is asked for. */
export class PageQuery {
  @ApiPropertyOptional({ type: 'integer', default: PAGE, minimum: 1, maximum: MAX_PAGE })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_PAGE)
  limit: number = PAGE;

  @Cursor() cursor?: string;
}

export class Page {
  @ApiProperty({ type: String, nullable: true, description: 'Cursor of the next page; null on the last' })
  next!: string | null;
}

export class Meta {
  @ApiProperty({ format: 'date-time', description: "The server's time" }) time!: string;
}

/** What every answer of version 2 has beside `data`. */
export class Envelope {
  @ApiProperty({ type: [SymbolError], description: 'What could not be read, by symbol' })
  errors!: readonly SymbolError[];
  @ApiProperty({ type: Page }) page!: Page;
  @ApiProperty({ type: Meta }) meta!: Meta;
}
