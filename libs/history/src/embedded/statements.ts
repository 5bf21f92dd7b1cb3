import { rmSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { quoted } from '../query-settings.js';
import type { ChdbSession } from './chdb.js';
import type { Request } from './frames.js';

type Query = Extract<Request, { kind: 'query' }>;
type Insert = Extract<Request, { kind: 'insert' }>;

const NOTHING = Buffer.alloc(0);

/** Runs statements in the engine's process. Each has a session of its own, so that nothing of one is left for the next. */
export class Statements {
  private readonly incoming: string;
  /** Statements under way, and whether each has been told to end. */
  private readonly isKilled = new Map<number, boolean>();

  constructor(
    private readonly open: () => ChdbSession,
    folder: string,
  ) {
    this.incoming = join(folder, 'incoming');
    // batches that were under way when the last process ended; whoever sent them sends them again
    rmSync(this.incoming, { recursive: true, force: true });
  }

  query({ id, sql, format, settings, params }: Query): Promise<Uint8Array> {
    const bound = Object.entries(params).map(([name, text]) => `SET param_${name} = ${quoted(text)}`);
    return this.within(id, [...bound, ...setting(settings)], (session) =>
      answer(session, `${mark(id)} ${sql}`, format),
    );
  }

  /** The engine reads binary rows from a file only: they are in the page cache, and gone before they would be written. */
  async insert({ id, table, format, settings }: Insert, rows: Buffer): Promise<Uint8Array> {
    await mkdir(this.incoming, { recursive: true });
    const file = join(this.incoming, `${id}.rows`);
    try {
      await writeFile(file, rows);
      const sql = `${mark(id)} INSERT INTO ${table} FROM INFILE ${quoted(file)} FORMAT ${format}`;
      await this.within(id, setting(settings), (session) => answer(session, sql, 'Null'));
    } finally {
      await rm(file, { force: true });
    }
    return NOTHING;
  }

  /** Ends a statement. One that the engine does not know yet does not begin, or is found when it is told again. */
  async kill(id: number): Promise<void> {
    if (!this.isKilled.has(id)) return;
    this.isKilled.set(id, true);
    const session = this.open();
    try {
      await answer(session, `KILL QUERY WHERE startsWith(query, ${quoted(mark(id))}) ASYNC`, 'Null');
    } finally {
      session.close();
    }
  }

  private async within(
    id: number,
    before: readonly string[],
    task: (session: ChdbSession) => Promise<Uint8Array>,
  ): Promise<Uint8Array> {
    this.isKilled.set(id, false);
    const session = this.open();
    try {
      for (const sql of before) await answer(session, sql, 'Null');
      if (this.isKilled.get(id) === true) throw new Error('Code: 394. DB::Exception: Query was cancelled');
      return await task(session);
    } finally {
      this.isKilled.delete(id);
      session.close();
    }
  }
}

/** How a statement under way is found again. */
function mark(id: number): string {
  return `/* tickwire ${id} */`;
}

function setting(settings: Query['settings']): string[] {
  return Object.entries(settings).map(
    ([name, value]) => `SET ${name} = ${typeof value === 'number' ? value : quoted(value)}`,
  );
}

async function answer(session: ChdbSession, sql: string, format: string): Promise<Uint8Array> {
  return (await session.queryAsync(sql, { format })).bytes();
}
