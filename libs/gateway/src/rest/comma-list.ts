import { Transform } from 'class-transformer';

/** Takes a parameter as a list: separated by commas, repeated, or both. Nothing between two commas, or behind the last, is no entry. */
export function CommaList(): PropertyDecorator {
  return Transform(({ value }: { value: unknown }) =>
    value === undefined ? undefined : [value].flat().flatMap(parts),
  );
}

function parts(one: unknown): unknown {
  if (typeof one !== 'string') return one;
  return one
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
