/** Since when version 1's quotes, symbols, candles and ticks have a successor, epoch seconds: RFC 9745. */
const DEPRECATED_AT = Date.UTC(2026, 10, 21) / 1000;
/** Until when they answer at least: RFC 8594. */
const SUNSET = new Date(Date.UTC(2027, 11, 31)).toUTCString();

/** Length up to which an address is told with its query: clients take so much of headers and no more. */
const MAX_LINK = 2048;

/** Headers of an answer whose route has a successor in version 2, as name and value in turns. */
export function deprecationHeaders(url: string): string[] {
  const path = url.length > MAX_LINK ? url.replace(/\?.*$/, '') : url;
  // whoever asks writes the path, and the header has marks of its own
  const successor = path.replace('/api/v1/', '/api/v2/').replace(/[<>"\s\\]/g, encodeURIComponent);
  return ['Deprecation', `@${DEPRECATED_AT}`, 'Sunset', SUNSET, 'Link', `<${successor}>; rel="successor-version"`];
}
