import { expect, it } from 'vitest';
import { Ends } from './ends.js';

it('ends the newest first, each when the one before is over, and each once', async () => {
  const did: string[] = [];
  const ends = new Ends();
  ends.begun(
    () => did.push('oldest'),
    async () => {
      await Promise.resolve();
      did.push('slow');
    },
  );
  ends.begun(() => did.push('newest'));
  await ends.run((error) => did.push(String(error)));
  expect(did).toEqual(['newest', 'slow', 'oldest']);
  await ends.run((error) => did.push(String(error)));
  expect(did).toHaveLength(3);
});

it('goes on after an end that throws, and after one that takes too long', async () => {
  const did: string[] = [];
  const ends = new Ends();
  ends.begun(
    () => did.push('oldest'),
    () => new Promise(() => undefined),
    () => Promise.reject(new Error('late')),
    () => {
      throw new Error('at once');
    },
  );
  await ends.run((error) => did.push(String(error)), 20);
  expect(did).toEqual(['Error: at once', 'Error: late', 'oldest']);
});
