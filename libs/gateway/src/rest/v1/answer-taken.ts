import type { Response } from 'express';
import type { Clock } from '#domain';

/** Resolves when an answer has been handed to the client as a whole, or the client has gone. */
export function answerTaken(response: Response): Promise<void> {
  return new Promise((resolve) => {
    if (response.closed) return resolve();
    response.once('finish', resolve);
    response.once('close', resolve);
  });
}

/** Hangs up on a client that has not taken its answer by then. */
export function hangUpAfter(response: Response, ms: number, clock: Clock): void {
  const cancel = clock.after(ms, () => response.destroy());
  void answerTaken(response).then(cancel);
}
