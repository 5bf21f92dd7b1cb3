import { SqlRefusal, type Token, tokensOf } from './sql-guard-tokens.js';

/** Levels of brackets and subqueries; real queries need fewer than ten. */
const MAX_LEVELS = 40;
/** Operators, calls and keywords: the engine takes time as the square of their number, and does not look at its time limit meanwhile. */
const MAX_STEPS = 1100;
const NO_STEPS = new Set([',', ')', ']']);
const RESERVED = new Set(
  (
    'ALL AND ANTI ANY ARRAY AS ASC ASOF BETWEEN BY CASE CAST CROSS DESC DISTINCT ELSE END EXCEPT EXPLAIN FILL FILTER FINAL FORMAT FROM FULL ' +
    'GLOBAL GROUP HAVING ILIKE IN INNER INTERSECT INTERVAL INTO IS JOIN LATERAL LEFT LIKE LIMIT NATURAL NOT NULL OFFSET ON OR ORDER OUTER ' +
    'OVER PARTITION PASTE PREWHERE QUALIFY RIGHT SAMPLE SELECT SEMI SETTINGS THEN TIES TOTALS UNION USING VALUES WHEN WHERE WINDOW WITH'
  ).split(' '),
);

/** Goes through the tokens of a statement once, and writes down what it has accepted. */
export class SqlReader {
  private readonly tokens: readonly Token[];
  private readonly written: string[] = [];
  private place = 0;
  private level = 0;
  private steps = 0;

  constructor(sql: string) {
    this.tokens = tokensOf(sql);
  }

  /** What has been accepted so far, as a statement. */
  get text(): string {
    return this.written.join(' ');
  }

  write(text: string): void {
    this.written.push(text);
  }

  peek(ahead = 0): Token {
    return this.tokens[Math.min(this.place + ahead, this.tokens.length - 1)] as Token;
  }

  /** Whether the next tokens are these keywords or symbols. */
  is(...texts: readonly string[]): boolean {
    return texts.every((text, i) => {
      const token = this.peek(i);
      return (token.kind === 'word' || token.kind === 'symbol') && token.text.toUpperCase() === text;
    });
  }

  /** Accepts the next tokens if they are these keywords or symbols. */
  take(...texts: readonly string[]): boolean {
    if (!this.is(...texts)) return false;
    if (!NO_STEPS.has(texts[0] as string) && ++this.steps > MAX_STEPS)
      this.refuse(`more than ${MAX_STEPS} operators, calls and keywords; IN takes many values`);
    for (const text of texts) {
      this.skip();
      this.write(text);
    }
    return true;
  }

  /** The first of several that comes next, accepted. */
  takeOne(...texts: readonly string[]): boolean {
    return texts.some((text) => this.take(text));
  }

  need(...texts: readonly string[]): void {
    if (!this.take(...texts)) this.refuse(`${texts.join(' ')} is expected`);
  }

  /** Accepts the next token of a kind as it stands. */
  takeKind(kind: 'number' | 'string'): boolean {
    if (this.peek().kind !== kind) return false;
    this.write(this.skip().text);
    return true;
  }

  /** Goes past a token without writing it down. */
  skip(): Token {
    const token = this.peek();
    this.place++;
    return token;
  }

  /** Whether a name comes next: quoted, or a word that means nothing else. */
  get isName(): boolean {
    const { kind, text } = this.peek();
    return kind === 'quoted' || (kind === 'word' && !RESERVED.has(text.toUpperCase()));
  }

  /** A name, not written down yet. */
  name(): string {
    return this.isName ? this.skip().text : this.refuse('a name is expected');
  }

  /** Reads what is one level deeper. */
  within<T>(read: () => T): T {
    if (++this.level > MAX_LEVELS) this.refuse(`more than ${MAX_LEVELS} levels`);
    const result = read();
    this.level--;
    return result;
  }

  /** @throws SqlRefusal of the next token */
  refuse(why: string): never {
    const { text, at } = this.peek();
    throw new SqlRefusal(`${text === '' ? 'the end' : JSON.stringify(text.slice(0, 40))}: ${why}`, at);
  }
}

/** A name as the engine takes it for nothing else. */
export function quoteName(name: string): string {
  return `\`${name}\``;
}
