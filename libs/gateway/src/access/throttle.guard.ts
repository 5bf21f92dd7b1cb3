import { type ExecutionContext, Injectable } from '@nestjs/common';
import {
  ThrottlerGuard,
  type ThrottlerLimitDetail,
  type ThrottlerModuleOptions,
  type ThrottlerStorage,
} from '@nestjs/throttler';
import { MarketDataError } from '#domain';
import { userOf } from './caller.js';
import { callerOf } from './request-caller.js';

const MINUTE_MS = 60_000;

/** Counts the REST requests of a user over all routes, as the tier says; users of a tier without a limit are not counted. */
@Injectable()
export class ThrottleGuard extends ThrottlerGuard {
  /** Messages of sockets have a rate of their own. */
  protected override async shouldSkip(context: ExecutionContext): Promise<boolean> {
    return context.getType() !== 'http';
  }

  protected override async throwThrottlingException(
    _context: ExecutionContext,
    { limit }: ThrottlerLimitDetail,
  ): Promise<void> {
    throw new MarketDataError('RATE_LIMITED', `At most ${limit} requests a minute`, true);
  }
}

/** @param storage where hits are counted; this process's memory when absent */
export function throttling(storage: ThrottlerStorage | undefined): ThrottlerModuleOptions {
  return {
    storage,
    skipIf: (context) => limitOf(context) === undefined,
    getTracker: (_request, context) => userOf(callerOf(context.switchToHttp().getRequest<object>())),
    generateKey: (_context, user) => user,
    throttlers: [
      {
        ttl: MINUTE_MS,
        limit: (context) => limitOf(context) ?? Infinity,
        // one request more is allowed as soon as one is a minute old
        blockDuration: 0,
      },
    ],
  };
}

function limitOf(context: ExecutionContext): number | undefined {
  return callerOf(context.switchToHttp().getRequest<object>()).identity.tier.requestsPerMinute;
}
