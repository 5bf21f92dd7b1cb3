import { VendorFrameError } from '#domain';

export const VENDOR = 'bse';

export type Fields = Readonly<Record<string, unknown>>;

/**
 * The JSON object of an answer; undefined where BSE answers with nothing: an empty body, `null`, `""`, `{}`, `[]`.
 * @throws VendorFrameError for the site's HTML page, text that is no JSON, and JSON that is no object
 */
export function bseFields(body: string): Fields | undefined {
  const value = bseJson(body);
  if (isNothing(value)) return undefined;
  if (!isFields(value)) throw new VendorFrameError(VENDOR, 'no object', value);
  return value;
}

/**
 * The JSON value of an answer; undefined for an empty body.
 * @throws VendorFrameError for the site's HTML page and for text that is no JSON
 */
export function bseJson(body: string): unknown {
  const text = body.trim();
  if (text === '') return undefined;
  if (text.startsWith('<')) throw new VendorFrameError(VENDOR, 'a page instead of an answer', text);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new VendorFrameError(VENDOR, (error as Error).message, text);
  }
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
