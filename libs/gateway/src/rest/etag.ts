import { createHash } from 'node:crypto';

/** Digest of a content, short enough for a header. */
export function digest(content: string | Buffer): string {
  return createHash('sha1').update(content).digest('base64url');
}

/** Whether `If-None-Match` names a tag; strength does not count, as RFC 9110 wants it for reading. */
export function matches(known: string | undefined, etag: string): boolean {
  if (known === undefined) return false;
  if (known.trim() === '*') return true;
  const tag = etag.replace(/^W\//, '');
  return known.split(',').some((one) => one.trim().replace(/^W\//, '') === tag);
}
