import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import type { Caller } from './caller.js';

const callers = new WeakMap<object, Caller>();
const admissions = new WeakMap<object, Promise<Caller>>();

/** Keeps who sent a request until the request is forgotten. */
export function rememberCaller(request: object, caller: Caller): void {
  callers.set(request, caller);
}

/** Keeps the outcome of admitting who sent a request, so that a credential is not checked twice. */
export function rememberAdmission(request: object, admission: Promise<Caller>): void {
  admissions.set(request, admission);
}

/** The outcome of admitting who sent a request where it has been tried before. */
export function admissionOf(request: object): Promise<Caller> | undefined {
  return admissions.get(request);
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
