import { type CanActivate, type ExecutionContext, Injectable, NotFoundException } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import { MarketDataError } from '#domain';
import { ACCESS, type Access, type AccessRules, type Guarding } from './access.js';
import { type Caller, Callers } from './caller.js';
import { admissionOf, rememberCaller } from './request-caller.js';

const READING = new Set(['GET', 'HEAD']);

/** Lets a request through to its route, and remembers who sent it. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly callers: Callers,
    private readonly rules: AccessRules,
  ) {}

  /** @throws MarketDataError `UNAUTHENTICATED`, `TOKEN_EXPIRED` or `FORBIDDEN`; NotFoundException where the route is off */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    // whoever sends messages has passed the door
    return context.getType() !== 'http' || this.admits(context);
  }

  private async admits(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<Request>();
    const access =
      this.reflector.getAllAndOverride<Access | undefined>(ACCESS, [context.getHandler(), context.getClass()]) ??
      (READING.has(request.method) ? 'client' : 'operator');
    // an answer depends on who asks
    http.getResponse<Response>().vary('Authorization').vary('X-API-Key');
    rememberCaller(request, await this.callerOf(request, access));
    return true;
  }

  private async callerOf(request: Request, access: Access): Promise<Caller> {
    if (access === 'public') return this.callers.anonymous(request);
    if (access === 'client') return await (admissionOf(request) ?? this.callers.admit(request));
    const guarding = access === 'metrics' ? this.rules.metrics : this.rules.admin;
    return await guarded(request, guarding, this.callers, access === 'operator');
  }
}

/**
 * Lets an operator through a route that is not for clients.
 * @param admits whether an open route still asks as `AUTH` wants it
 * @throws MarketDataError, or NotFoundException where the route is off
 */
async function guarded(request: Request, guarding: Guarding, callers: Callers, admits: boolean): Promise<Caller> {
  if (guarding === 'off') throw new NotFoundException(`There is no ${request.method} ${request.path}`);
  if (guarding === 'open') return admits ? await callers.admit(request) : callers.anonymous(request);
  const caller = await callers.verify(request);
  if (!caller.identity.tier.operator)
    throw new MarketDataError('FORBIDDEN', "This takes a credential of an operator's tier", false);
  return caller;
}
