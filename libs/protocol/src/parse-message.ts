import { plainToInstance } from 'class-transformer';
import { type ValidationError, validateSync } from 'class-validator';
import { InvalidMessageError } from '#domain';

/** Levels of objects and lists in a message; the contract needs three. */
const MAX_LEVELS = 6;

/** Turns what somebody has sent into a validated message; a property that is null counts as left out. @throws InvalidMessageError naming what is wrong */
export function parseMessage<T extends object>(type: new () => T, payload: unknown): T {
  const given = payload ?? {};
  if (typeof given !== 'object' || Array.isArray(given)) throw new InvalidMessageError('the payload must be an object');
  assertPlain(given, MAX_LEVELS);
  const message = plainToInstance(
    type,
    Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null)),
  );
  const problems = validateSync(message, { whitelist: true });
  if (problems.length > 0) throw new InvalidMessageError(describe(problems));
  return message;
}

/** What comes next walks the message recursively, and takes an object's own `constructor` for its class. */
function assertPlain(value: object, levels: number): void {
  if (levels === 0) throw new InvalidMessageError(`a message has at most ${MAX_LEVELS} levels`);
  if (Object.hasOwn(value, 'constructor')) throw new InvalidMessageError('no property may be called "constructor"');
  for (const part of Object.values(value)) {
    if (typeof part === 'object' && part !== null) assertPlain(part as object, levels - 1);
  }
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
