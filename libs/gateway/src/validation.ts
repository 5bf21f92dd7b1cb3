import { plainToInstance } from 'class-transformer';
import { type ValidationError, validateSync } from 'class-validator';
import { InvalidMessageError } from '#domain';

/** Turns what a client sent into a validated message; a property that is null counts as left out. @throws InvalidMessageError naming what is wrong */
export function parseMessage<T extends object>(type: new () => T, payload: unknown): T {
  const given = payload ?? {};
  if (typeof given !== 'object' || Array.isArray(given)) throw new InvalidMessageError('the payload must be an object');
  const message = plainToInstance(
    type,
    Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null)),
  );
  const problems = validateSync(message, { whitelist: true });
  if (problems.length > 0) throw new InvalidMessageError(describe(problems));
  return message;
}

/** The first few problems, in words. */
export function describe(problems: readonly ValidationError[]): string {
  return problems
    .flatMap((problem) => [
      ...Object.values(problem.constraints ?? {}),
      ...(problem.children ?? []).flatMap((child) => describe([child])),
    ])
    .slice(0, 5)
    .join('; ');
}
