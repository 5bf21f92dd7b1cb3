/** One frame of a sample, as it stands there. */
export interface SampleFrame {
  /** Line it stands on, or begins on. */
  readonly line: number;
  readonly text: string;
}

/**
 * The frames of a sample: a text that is JSON as a whole is one frame, and so is a `.json` file; anything else has one on each line.
 */
export function framesOf(text: string, path: string): SampleFrame[] {
  if (text.trim() === '') return [];
  const isOne = path.toLowerCase().endsWith('.json') || isJson(text);
  if (isOne) return [{ line: 1, text }];
  return text
    .split(/\r?\n/)
    .map((frame, i) => ({ line: i + 1, text: frame }))
    .filter((frame) => frame.text.trim() !== '');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
