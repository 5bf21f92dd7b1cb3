import type { NextFunction, Request, Response } from 'express';
import type { Callers, ProblemFilter } from '#gateway';

/** Asks for a credential before `/docs`, which is no route of ours and knows no guards. */
export function docsGuard(callers: Callers, filter: ProblemFilter) {
  return async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    try {
      await callers.verify(request);
    } catch (error) {
      return filter.answer(error, request, response);
    }
    next();
  };
}
