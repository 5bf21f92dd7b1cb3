import { createHash } from 'node:crypto';
import type { Format } from './negotiation.js';

/** Digest of a content, short enough for a header. */
export function digest(content: string | Buffer): string {
  return createHash('sha1').update(content).digest('base64url');
}

/** Tag of an answer by that of it which is not the same with every request: neither the time nor an age. */
export function weakTag(content: unknown): string {
  return `W/"${digest(JSON.stringify(content))}"`;
}

/** The tag of one answer in another format than JSON: each says it in bytes of its own. */
export function tagOfFormat(etag: string, format: Format): string {
  return format === 'json' ? etag : `${etag.slice(0, -1)}-${format}"`;
}

/** Whether `If-None-Match` names a tag; strength does not count, as RFC 9110 wants it for reading. */
export function matches(known: string | undefined, etag: string): boolean {
  if (known === undefined) return false;
  if (known.trim() === '*') return true;
  const tag = etag.replace(/^W\//, '');
  return known.split(',').some((one) => one.trim().replace(/^W\//, '') === tag);
}
