/** Headers that a browser shows to pages of other origins. */
export const EXPOSED_HEADERS = [
  'ETag',
  'Retry-After',
  'Deprecation',
  'Sunset',
  'Link',
  'X-Next',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
] as const;
