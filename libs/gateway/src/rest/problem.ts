import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiProperty, ApiPropertyOptional, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import type { ErrorCode } from '#domain';
import { ERROR_CODES } from '#domain';

/** Codes of HTTP itself, beside those of the wire contract. */
export const HTTP_CODES = ['METHOD_NOT_ALLOWED', 'NOT_ACCEPTABLE', 'UNSUPPORTED_MEDIA_TYPE', 'INTERNAL'] as const;
export type ProblemCode = ErrorCode | (typeof HTTP_CODES)[number];

/** An error as REST gives it: RFC 9457, with the stable code of the wire contract. */
export class Problem {
  @ApiProperty({ example: 'urn:tickwire:error:INVALID_SYMBOL' }) type!: string;
  @ApiProperty({ example: 'Not Found' }) title!: string;
  @ApiProperty({ type: 'integer', example: 404 }) status!: number;
  @ApiProperty({ enum: [...Object.keys(ERROR_CODES), ...HTTP_CODES], example: 'INVALID_SYMBOL' }) code!: ProblemCode;
  @ApiProperty({ example: 'No instrument is called "NSE:NOPE"' }) detail!: string;
  @ApiProperty({ example: '/api/v1/quotes/NSE:NOPE' }) instance!: string;
  @ApiPropertyOptional({ type: [String], description: 'API versions there are, when an unknown one was asked for' })
  versions?: string[];
}

/** Documents the error statuses of a route; those that every route has are added to the document as a whole. */
export function ApiProblems(...statuses: readonly number[]): MethodDecorator {
  const schema = { $ref: getSchemaPath(Problem) };
  return applyDecorators(
    ApiExtraModels(Problem),
    ...statuses.map((status) =>
      ApiResponse({
        status,
        content: { 'application/problem+json': { schema }, 'application/vnd.msgpack': { schema } },
      }),
    ),
  );
}
