import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import type { Caller } from './caller.js';

const callers = new WeakMap<object, Caller>();

/** Keeps who sent a request until the request is forgotten. */
export function rememberCaller(request: object, caller: Caller): void {
  callers.set(request, caller);
}

/** Who sent a request that has passed the guard. @throws Error for one that has not */
export function callerOf(request: object): Caller {
  const caller = callers.get(request);
  if (caller === undefined) throw new Error('the request has not passed the access guard');
  return caller;
}

/** Hands a route its caller: `find(@From() caller: Caller)`. */
export const From = createParamDecorator((_data: unknown, context: ExecutionContext): Caller =>
  callerOf(context.switchToHttp().getRequest<Request>()),
);
