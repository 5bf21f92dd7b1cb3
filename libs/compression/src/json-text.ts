/** JSON whose characters are all ASCII, so that its latin1 bytes are its UTF-8 bytes. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

let cachedSecond = NaN;
let cachedPrefix = '';

/** ISO 8601 UTC with milliseconds, as `Date.toISOString` gives it; the text of the last second is kept, since ticks cluster. */
export function isoTime(epochMs: number): string {
  const second = Math.floor(epochMs / 1000);
  if (second !== cachedSecond) {
    cachedSecond = second;
    cachedPrefix = new Date(second * 1000).toISOString().slice(0, 20);
  }
  const millis = Math.floor(epochMs) - second * 1000;
  return cachedPrefix + (millis < 10 ? '00' : millis < 100 ? '0' : '') + millis + 'Z';
}
