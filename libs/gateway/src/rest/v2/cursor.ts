import { InvalidMessageError } from '#domain';
import { digest } from '../etag.js';

/** Enough of a digest to notice a cursor of another question. */
const MARK_LENGTH = 8;

/** One page of a list that does not change while the server runs, and the cursor of the next. @throws InvalidMessageError for a cursor of another question */
export function pageOf<T>(
  items: readonly T[],
  { limit, cursor }: { limit: number; cursor?: string | undefined },
  question: object,
): { items: readonly T[]; next: string | null } {
  const start = cursor === undefined ? 0 : positionOf(cursor, question);
  const end = start + limit;
  return { items: items.slice(start, end), next: end < items.length ? positionAfter(end, question) : null };
}

/** The cursor of a position in the answer to a question. */
export function positionAfter(position: number, question: object): string {
  return Buffer.from(`${markOf(question)}.${position}`).toString('base64url');
}

/** The position a cursor stands for. @throws InvalidMessageError for a cursor of another question */
export function positionOf(cursor: string, question: object): number {
  const [mark, position = ''] = Buffer.from(cursor, 'base64url').toString('latin1').split('.');
  if (mark !== markOf(question) || !/^\d{1,15}$/.test(position))
    throw new InvalidMessageError('cursor does not belong to these parameters');
  return Number(position);
}

function markOf(question: object): string {
  return digest(JSON.stringify(question)).slice(0, MARK_LENGTH);
}
