/** Reads one place of a frame; undefined where the way there ends early. */
export type Getter = (value: unknown) => unknown;

const STEP = /^(?:\.?([A-Za-z_$][\w$-]*|\d+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\])/;

/**
 * Compiles a path: names joined by dots, `[0]` for list items, `["05. price"]` for names with dots and blanks, `$` for the value itself.
 * @throws SyntaxError if it is no path
 */
export function compilePath(path: string): Getter {
  if (path === '$') return (value) => value;
  const keys = keysOf(path);
  const [only] = keys;
  // nearly every path is one name, and ticks come by the ten thousand
  if (keys.length === 1 && only !== undefined)
    return (value) => (value as Record<string, unknown> | null | undefined)?.[only];
  return (value) =>
    keys.reduce<unknown>((inner, key) => (inner as Record<string, unknown> | null | undefined)?.[key], value);
}

function keysOf(path: string): string[] {
  const keys: string[] = [];
  let rest = path.startsWith('$.') ? path.slice(2) : path;
  while (rest !== '') {
    const step = STEP.exec(rest);
    if (step === null)
      throw new SyntaxError(`${JSON.stringify(path)} is no path: ${JSON.stringify(rest)} cannot be read`);
    const [text, name, index, quoted] = step;
    keys.push(quoted === undefined ? ((name ?? index) as string) : (JSON.parse(`"${quoted}"`) as string));
    rest = rest.slice(text.length);
  }
  if (keys.length === 0) throw new SyntaxError('a path must not be empty');
  return keys;
}
