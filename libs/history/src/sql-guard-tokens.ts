export type TokenKind = 'word' | 'quoted' | 'number' | 'string' | 'symbol' | 'end';

/** A part of a statement as it will be written again; comments are none. */
export interface Token {
  readonly kind: TokenKind;
  /** As it stands in the statement; of a quoted name, what stands between the quotes. */
  readonly text: string;
  /** Place in the statement, from 0. */
  readonly at: number;
}

/** What a statement cannot be read as. `at` is the place in it, from 0. */
export class SqlRefusal extends Error {
  constructor(
    message: string,
    readonly at: number,
  ) {
    super(message);
  }
}

const SPACE = /[ \t\r\n]+/y;
const COMMENT = /--[^\n]*|\/\*[^]*?\*\//y;
const WORD = /[A-Za-z_][A-Za-z0-9_]*/y;
const QUOTED = /`([A-Za-z0-9_ %.()+-]{1,64})`|"([A-Za-z0-9_ %.()+-]{1,64})"/y;
// a letter behind a number is no number to the engine either
const NUMBER = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![A-Za-z0-9_.])/y;
const STRING = /'(?:[^'\\]|\\.|'')*'/sy;
const SYMBOL = /->|::|\|\||<=>|<=|>=|<>|!=|==|[-+*/%=<>(),.[\]{}:;]/y;

/**
 * Splits a statement into its parts. The statement that runs is written anew from them, so that nothing this reader has taken for something
 * else can reach the engine.
 * @throws SqlRefusal at the first character it does not know
 */
export function tokensOf(sql: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(sql);
  };
  while (at < sql.length) {
    const skipped = take(SPACE) ?? take(COMMENT);
    if (skipped !== null) {
      at += skipped[0].length;
      continue;
    }
    const quoted = take(QUOTED);
    const found = quoted ?? take(WORD) ?? take(NUMBER) ?? take(STRING) ?? take(SYMBOL);
    if (found === null) throw new SqlRefusal(`${JSON.stringify(sql.slice(at, at + 12))} is not understood`, at);
    tokens.push({ kind: kindOf(found, quoted), text: quoted?.[1] ?? quoted?.[2] ?? found[0], at });
    at += found[0].length;
  }
  tokens.push({ kind: 'end', text: '', at });
  return tokens;
}

function kindOf([text]: RegExpExecArray, quoted: RegExpExecArray | null): TokenKind {
  if (quoted !== null) return 'quoted';
  const first = text.charAt(0);
  if (/[A-Za-z_]/.test(first)) return 'word';
  if (first === "'") return 'string';
  return /\d/.test(first) || (first === '.' && text.length > 1) ? 'number' : 'symbol';
}
