import { MarketDataError } from '#domain';
import { ExpressionReader } from './sql-guard-expression.js';
import { quoteName, SqlReader } from './sql-guard-reader.js';
import { SqlRefusal } from './sql-guard-tokens.js';

/** Longest statement, characters. */
export const MAX_SQL_LENGTH = 16_384;
/** Tables that a statement may read, each name of WITH counted as what it stands for: the engine copies it wherever it is named. */
const MAX_TABLES = 100;

export interface GuardRules {
  /** Tables that may be read, as they are called in a statement, and what each is in the engine: `tickwire.ticks`. */
  readonly tables: ReadonlyMap<string, string>;
  /** Condition on `symbol` that every row must meet; undefined for none. It is put into the statement as it is. */
  readonly condition?: string;
}

/**
 * Reads a statement of a client, and writes the one to run: one SELECT on published tables, with functions known to be harmless.
 * What is not understood is refused, comments are left out, names are quoted, and every table is the one of the rules, with the rules' condition.
 * @throws MarketDataError `QUERY_INVALID` saying what was refused and where
 */
export function guardSql(sql: string, rules: GuardRules): string {
  if (sql.length > MAX_SQL_LENGTH) throw invalid(`a statement has at most ${MAX_SQL_LENGTH} characters`);
  try {
    return new Guard(sql, rules).read();
  } catch (error) {
    if (error instanceof SqlRefusal) throw invalid(`${error.message}, at character ${error.at + 1}`);
    throw error;
  }
}

function invalid(message: string): MarketDataError {
  return new MarketDataError('QUERY_INVALID', message, false);
}

class Guard {
  private readonly reader: SqlReader;
  private readonly expressions: ExpressionReader;
  /** Names given by WITH and the tables each reads, the innermost last. */
  private scopes: readonly { readonly name: string; readonly tables: number }[] = [];
  /** Tables read so far. */
  private tables = 0;

  constructor(
    sql: string,
    private readonly rules: GuardRules,
  ) {
    this.reader = new SqlReader(sql);
    this.expressions = new ExpressionReader(this.reader, () => this.query());
  }

  read(): string {
    const { reader } = this;
    if (!reader.is('SELECT') && !reader.is('WITH') && !reader.is('(')) reader.refuse('only SELECT may be run');
    this.query();
    if (reader.is(';')) reader.skip();
    if (reader.peek().kind !== 'end') reader.refuse('not understood here');
    return reader.text;
  }

  private query(): void {
    const { reader } = this;
    const outer = this.scopes;
    reader.within(() => {
      if (reader.take('WITH')) this.definitions();
      do this.part();
      while (this.takeSetOperator());
    });
    this.scopes = outer;
  }

  private takeSetOperator(): boolean {
    const { reader } = this;
    if (!reader.takeOne('UNION', 'INTERSECT', 'EXCEPT')) return false;
    reader.takeOne('ALL', 'DISTINCT');
    return true;
  }

  private part(): void {
    const { reader } = this;
    if (!reader.take('(')) return this.select();
    this.query();
    reader.need(')');
  }

  private definitions(): void {
    const { reader } = this;
    do {
      const isQuery = reader.isName && reader.peek(1).text.toUpperCase() === 'AS' && reader.peek(2).text === '(';
      if (isQuery) this.namedQuery();
      else {
        this.expressions.expression();
        reader.need('AS');
        this.expressions.alias();
      }
    } while (reader.take(','));
  }

  private namedQuery(): void {
    const { reader } = this;
    const name = reader.name();
    reader.write(innerName(name));
    reader.need('AS');
    reader.need('(');
    const before = this.tables;
    this.query();
    reader.need(')');
    // one for itself: a chain without any table is copied as well
    this.scopes = [...this.scopes, { name, tables: this.tables - before + 1 }];
  }

  private select(): void {
    const { reader, expressions } = this;
    reader.need('SELECT');
    reader.take('DISTINCT');
    this.columns();
    if (reader.take('FROM')) this.from();
    if (reader.take('PREWHERE')) expressions.expression();
    if (reader.take('WHERE')) expressions.expression();
    if (reader.take('GROUP', 'BY')) {
      if (!reader.take('ALL')) expressions.list();
      reader.take('WITH', 'TOTALS');
    }
    if (reader.take('HAVING')) expressions.expression();
    if (reader.take('WINDOW')) this.windows();
    if (reader.take('QUALIFY')) expressions.expression();
    if (reader.take('ORDER', 'BY')) expressions.order();
    while (reader.take('LIMIT')) this.limit();
    if (reader.take('OFFSET')) this.count();
  }

  private columns(): void {
    const { reader } = this;
    do {
      if (reader.take('*')) continue;
      if (reader.isName && reader.peek(1).text === '.' && reader.peek(2).text === '*') {
        reader.write(`${quoteName(reader.name())}.*`);
        reader.skip();
        reader.skip();
        continue;
      }
      this.expressions.expression();
      if (reader.is('AS')) reader.skip();
      else if (!reader.isName) continue;
      reader.write('AS');
      this.expressions.alias();
    } while (reader.take(','));
  }

  private from(): void {
    const { reader } = this;
    this.table();
    for (;;) {
      if (reader.take(',')) {
        this.table();
        continue;
      }
      if (!this.takeJoin()) return;
      this.table();
      if (reader.take('ON')) this.expressions.expression();
      else if (reader.take('USING')) {
        const isBracketed = reader.take('(');
        do reader.write(quoteName(reader.name()));
        while (reader.take(','));
        if (isBracketed) reader.need(')');
      }
    }
  }

  private takeJoin(): boolean {
    const { reader } = this;
    let begun = false;
    while (reader.takeOne('ANY', 'ALL', 'ASOF', 'SEMI', 'ANTI', 'INNER', 'LEFT', 'RIGHT', 'FULL', 'CROSS', 'OUTER'))
      begun = true;
    if (begun) reader.need('JOIN');
    return begun || reader.take('JOIN');
  }

  private table(): void {
    const { reader } = this;
    if (reader.take('(')) {
      if (!reader.is('SELECT') && !reader.is('WITH') && !reader.is('(')) reader.refuse('a subquery is expected');
      this.query();
      reader.need(')');
      this.alias(undefined);
      return;
    }
    if (!reader.isName) reader.refuse('a table is expected');
    const place = reader.peek();
    let name = reader.name();
    const named = this.scopes.findLast((scope) => scope.name === name);
    this.tables += named?.tables ?? 1;
    if (this.tables > MAX_TABLES)
      throw new SqlRefusal(`more than ${MAX_TABLES} tables, with those that names of WITH stand for`, place.at);
    if (named !== undefined && !reader.is('.')) {
      reader.write(innerName(name));
      this.alias(name);
      return;
    }
    if (name === 'tickwire' && reader.is('.')) {
      reader.skip();
      name = reader.name();
    }
    const table = this.rules.tables.get(name);
    if (table === undefined || reader.is('(') || reader.is('.')) {
      const known = [...this.rules.tables.keys()].join(', ');
      throw new SqlRefusal(`${JSON.stringify(name)} is no table that may be read; those are ${known}`, place.at);
    }
    const { condition } = this.rules;
    reader.write(condition === undefined ? table : `(SELECT * FROM ${table} WHERE ${condition})`);
    this.alias(name);
  }

  private alias(fallback: string | undefined): void {
    const { reader } = this;
    const isGiven = reader.is('AS') || reader.isName;
    if (reader.is('AS')) reader.skip();
    const name = isGiven ? reader.name() : fallback;
    if (name !== undefined) reader.write(`AS ${quoteName(name)}`);
  }

  private windows(): void {
    const { reader } = this;
    do {
      reader.write(quoteName(reader.name()));
      reader.need('AS');
      this.expressions.window();
    } while (reader.take(','));
  }

  private limit(): void {
    const { reader } = this;
    this.count();
    if (reader.take(',') || reader.take('OFFSET')) this.count();
    if (reader.take('BY')) this.expressions.list();
    else reader.take('WITH', 'TIES');
  }

  private count(): void {
    if (!this.reader.takeKind('number')) this.reader.refuse('a number is expected');
  }
}

/** A name of WITH where the engine sees it: it can be no table's. */
function innerName(name: string): string {
  return quoteName(`with ${name}`);
}
