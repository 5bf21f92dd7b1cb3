import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional, ApiResponse } from '@nestjs/swagger';

/** An error as REST gives it: RFC 9457, with the stable code of the wire contract. */
export class Problem {
  @ApiProperty({ example: 'urn:tickwire:error:INVALID_SYMBOL' }) type!: string;
  @ApiProperty({ example: 'Not Found' }) title!: string;
  @ApiProperty({ example: 404 }) status!: number;
  @ApiProperty({ example: 'INVALID_SYMBOL' }) code!: string;
  @ApiProperty() detail!: string;
  @ApiProperty({ example: '/api/v1/quotes/NSE:NOPE' }) instance!: string;
  @ApiPropertyOptional({ type: [String], description: 'API versions there are, when an unknown one was asked for' })
  versions?: string[];
}

/** Documents the error statuses of a route. */
export function ApiProblems(...statuses: readonly number[]): MethodDecorator {
  return applyDecorators(
    ...statuses.map((status) =>
      ApiResponse({
        status,
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      }),
    ),
  );
}
