import { EventEmitter } from 'node:events';
import type { Response } from 'express';
import { expect, it, vi } from 'vitest';
import { ManualClock } from '../../../../../test/support/manual-clock.js';
import { answerTaken, hangUpAfter } from './answer-taken.js';

function aResponse(given: { closed?: boolean } = {}): Response & { destroy: ReturnType<typeof vi.fn> } {
  return Object.assign(new EventEmitter(), { closed: false, destroy: vi.fn(), ...given }) as never;
}

it.each(['finish', 'close'])('has been taken at %s', async (event) => {
  const response = aResponse();
  const taken = answerTaken(response);
  response.emit(event);
  await taken;
});

it('has been taken where the client went before', () => answerTaken(aResponse({ closed: true })));

it('hangs up on a client that does not take its answer, and on no other', async () => {
  const clock = new ManualClock();
  const [slow, fast] = [aResponse(), aResponse()];
  hangUpAfter(slow, 1000, clock);
  hangUpAfter(fast, 1000, clock);
  fast.emit('finish');
  await answerTaken(aResponse({ closed: true }));
  clock.advance(1000);
  expect(slow.destroy).toHaveBeenCalledOnce();
  expect(fast.destroy).not.toHaveBeenCalled();
});
