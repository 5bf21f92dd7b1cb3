import { applyDecorators, createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import { ApiProduces } from '@nestjs/swagger';
import type { Request } from 'express';
import { type Format, mediaType, negotiate } from './negotiation.js';

/** How an answer is written as a table. */
export interface Table<T> {
  readonly columns: readonly string[];
  rows(answer: T): readonly object[];
}

export const OFFERED = Symbol('Offered');
export const TABLE = Symbol('Table');
export const FRESHNESS = Symbol('Freshness');
export const REPLACED = Symbol('Replaced');

/** What a route answers in that says nothing else. */
export const COMMON_FORMATS: readonly Format[] = ['json', 'msgpack'];

/** Says in which formats a route answers, best first. What it cannot leave to the interceptor it writes itself: see `Wanted`. */
export function Offers(...formats: readonly Format[]): ClassDecorator & MethodDecorator {
  return applyDecorators(SetMetadata(OFFERED, formats), ApiProduces(...formats.map(mediaType)));
}

/** Offers CSV beside the common formats, and further ones that the route writes itself. */
export function OffersTable<T>(table: Table<T>, ...further: readonly Format[]): MethodDecorator {
  return applyDecorators(Offers(...COMMON_FORMATS, 'csv', ...further), SetMetadata(TABLE, table));
}

/** Says how long an answer may be used without asking again, as `Cache-Control`; `no-cache` where a route says nothing. */
export function Fresh(cacheControl: string): ClassDecorator & MethodDecorator {
  return SetMetadata(FRESHNESS, cacheControl);
}

/** Says that version 2 has the same in a better shape: answers tell so in `Deprecation`, `Sunset` and `Link`. */
export function Replaced(): MethodDecorator {
  return SetMetadata(REPLACED, true);
}

/** Hands a route the format its answer is wanted in, of those given: `find(@Wanted(['json', 'arrow']) format: Format)`. */
export const Wanted = createParamDecorator((offered: readonly Format[], context: ExecutionContext): Format =>
  negotiate(context.switchToHttp().getRequest<Request>().headers.accept, offered),
);
