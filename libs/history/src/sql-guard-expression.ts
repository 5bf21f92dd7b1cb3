import { isAllowedFunction, isAllowedType } from './sql-guard-functions.js';
import { quoteName, type SqlReader } from './sql-guard-reader.js';

const OPERATORS = [
  '||',
  '<=',
  '>=',
  '<>',
  '!=',
  '==',
  '=',
  '<',
  '>',
  '+',
  '-',
  '*',
  '/',
  '%',
  'AND',
  'OR',
  'LIKE',
  'ILIKE',
  'BETWEEN',
];
/** Names of expressions: where each stands for the one before, the engine takes time as the square of their number. */
const MAX_NAMES = 300;
/** Functions of `GuardRules.condition`: a name of the statement would come before them. */
const OF_CONDITIONS = new Set(['equals', 'startswith', 'or']);
const UNITS = ['MILLISECOND', 'SECOND', 'MINUTE', 'HOUR', 'DAY', 'WEEK', 'MONTH', 'QUARTER', 'YEAR'];

/** Reads a subquery that stands in brackets; the brackets are the caller's. */
export type ReadSubquery = () => void;

/** Reads expressions. Their precedence is left to the engine: only what stands where matters here. */
export class ExpressionReader {
  private names = 0;

  constructor(
    private readonly reader: SqlReader,
    private readonly subquery: ReadSubquery,
  ) {}

  /** Expressions with commas between them, each perhaps with a name: `price AS p`. */
  list(mayBeLambda = false): void {
    do this.named(mayBeLambda);
    while (this.reader.take(','));
  }

  /**
   * A lambda is an argument of a function and nothing else: one with a name would be what the engine calls wherever a function of that name
   * stands, in the conditions on tables too.
   * @returns whether it is a lambda
   */
  expression(mayBeLambda = false): boolean {
    const { reader } = this;
    let isLambda = false;
    const arrow = (): boolean => {
      if (reader.is('->') && !mayBeLambda)
        reader.refuse('a lambda may only be an argument of a function such as arrayMap');
      if (!reader.take('->')) return false;
      return (isLambda = true);
    };
    reader.within(() => {
      do this.operand();
      while (this.operator() || arrow());
    });
    return isLambda;
  }

  /** The name that an expression is given. */
  alias(): void {
    const { reader } = this;
    if (OF_CONDITIONS.has(reader.peek().text.toLowerCase())) reader.refuse('this name is that of a function');
    if (++this.names > MAX_NAMES) reader.refuse(`more than ${MAX_NAMES} expressions with names`);
    reader.write(quoteName(reader.name()));
  }

  /** The window behind `OVER` or of `WINDOW name AS`, with its brackets. */
  window(): void {
    const { reader } = this;
    reader.need('(');
    if (reader.take('PARTITION', 'BY')) this.list();
    if (reader.take('ORDER', 'BY')) this.order();
    if (reader.takeOne('ROWS', 'RANGE')) this.frame();
    reader.need(')');
  }

  /** What stands behind `ORDER BY`. */
  order(): void {
    const { reader } = this;
    do {
      this.expression();
      reader.takeOne('ASC', 'DESC');
      if (reader.take('NULLS')) if (!reader.takeOne('FIRST', 'LAST')) reader.refuse('FIRST or LAST is expected');
    } while (reader.take(','));
  }

  private named(mayBeLambda: boolean): void {
    const { reader } = this;
    const isLambda = this.expression(mayBeLambda);
    if (isLambda && reader.is('AS')) reader.refuse('a lambda has no name');
    if (reader.take('AS')) this.alias();
  }

  private operator(): boolean {
    const { reader } = this;
    if (reader.take('IS')) {
      reader.take('NOT');
      reader.need('NULL');
      return this.operator();
    }
    if (reader.take('::')) {
      this.type();
      return this.operator();
    }
    if (reader.take('[')) {
      this.expression();
      reader.need(']');
      return this.operator();
    }
    if (reader.is('IN') || reader.is('NOT', 'IN')) {
      this.membership();
      return this.operator();
    }
    if (reader.take('NOT')) return reader.takeOne('LIKE', 'ILIKE', 'BETWEEN') || reader.refuse('LIKE is expected');
    return reader.takeOne(...OPERATORS);
  }

  /** Behind `IN` the engine takes a name for a table: only a subquery or plain values may stand there. */
  private membership(): void {
    const { reader } = this;
    reader.take('NOT');
    reader.need('IN');
    if (this.parameter()) return;
    reader.need('(');
    if (reader.is('SELECT') || reader.is('WITH')) this.subquery();
    else this.values();
    reader.need(')');
  }

  private values(): void {
    const { reader } = this;
    do {
      if (reader.take('(')) {
        reader.within(() => this.values());
        reader.need(')');
      } else if (!this.literal()) reader.refuse('IN takes values or a subquery');
    } while (reader.take(','));
  }

  private literal(): boolean {
    const { reader } = this;
    if (reader.take('-')) return reader.takeKind('number') || reader.refuse('a number is expected');
    return reader.takeKind('number') || reader.takeKind('string') || this.parameter();
  }

  private operand(): void {
    const { reader } = this;
    while (reader.takeOne('-', 'NOT'));
    if (this.literal() || reader.takeOne('NULL', 'TRUE', 'FALSE')) return;
    if (reader.take('(')) return this.brackets();
    if (reader.take('[')) {
      if (!reader.is(']')) this.list();
      return reader.need(']');
    }
    if (reader.take('CASE')) return this.cases();
    if (reader.take('INTERVAL')) return this.interval();
    if (reader.take('CAST')) return this.cast();
    if (reader.peek(1).text === '(' && reader.peek(1).kind === 'symbol') return this.call();
    this.column();
  }

  private brackets(): void {
    const { reader } = this;
    if (reader.is('SELECT') || reader.is('WITH')) this.subquery();
    else this.list();
    reader.need(')');
  }

  private cases(): void {
    const { reader } = this;
    if (!reader.is('WHEN')) this.expression();
    while (reader.take('WHEN')) {
      this.expression();
      reader.need('THEN');
      this.expression();
    }
    if (reader.take('ELSE')) this.expression();
    reader.need('END');
  }

  private interval(): void {
    const { reader } = this;
    if (!this.literal()) reader.refuse('INTERVAL takes a number');
    if (!reader.takeOne(...UNITS)) reader.refuse('a unit such as MINUTE is expected');
  }

  private cast(): void {
    const { reader } = this;
    reader.need('(');
    this.expression();
    reader.need('AS');
    this.type();
    reader.need(')');
  }

  private call(): void {
    const { reader } = this;
    const { kind, text } = reader.peek();
    if (kind !== 'word' || !isAllowedFunction(text))
      reader.refuse('this function may not be called; docs/history.md lists those that may');
    reader.write(reader.skip().text);
    reader.need('(');
    this.parameters();
    // quantile(0.9)(price)
    if (reader.take('(')) this.parameters();
    if (reader.take('FILTER')) {
      reader.need('(');
      reader.need('WHERE');
      this.expression();
      reader.need(')');
    }
    if (!reader.take('OVER')) return;
    if (reader.isName) reader.write(quoteName(reader.name()));
    else this.window();
  }

  private parameters(): void {
    const { reader } = this;
    reader.take('DISTINCT');
    if (!reader.take('*') && !reader.is(')')) this.list(true);
    reader.need(')');
  }

  private column(): void {
    const { reader } = this;
    const parts = [quoteName(reader.name())];
    while (reader.is('.')) {
      reader.skip();
      parts.push(quoteName(reader.name()));
    }
    reader.write(parts.join('.'));
  }

  /** `{from:DateTime64(3)}` */
  private parameter(): boolean {
    const { reader } = this;
    if (!reader.is('{')) return false;
    reader.skip();
    // any word: between the braces none is a keyword
    if (reader.peek().kind !== 'word') reader.refuse('a parameter is {name:Type}');
    const name = reader.skip().text;
    if (!reader.is(':')) reader.refuse('a parameter is {name:Type}');
    reader.skip();
    const type = this.typeText();
    if (!reader.is('}')) reader.refuse('a parameter is {name:Type}');
    reader.skip();
    reader.write(`{${name}:${type}}`);
    return true;
  }

  private type(): void {
    this.reader.write(this.typeText());
  }

  private typeText(): string {
    const { reader } = this;
    let text = reader.skip().text;
    if (reader.is('(')) {
      let open = 0;
      do {
        if (reader.is('(')) open++;
        if (reader.is(')')) open--;
        if (reader.peek().kind === 'end') break;
        text += reader.skip().text;
      } while (open > 0);
    }
    return isAllowedType(text)
      ? text
      : reader.refuse(`${JSON.stringify(text.slice(0, 40))} is no type that may be used`);
  }

  private frame(): void {
    const { reader } = this;
    const bound = (): void => {
      if (reader.take('CURRENT', 'ROW')) return;
      if (!reader.take('UNBOUNDED') && !this.literal()) reader.refuse('a number of rows is expected');
      if (!reader.takeOne('PRECEDING', 'FOLLOWING')) reader.refuse('PRECEDING or FOLLOWING is expected');
    };
    if (!reader.take('BETWEEN')) return bound();
    bound();
    reader.need('AND');
    bound();
  }
}
