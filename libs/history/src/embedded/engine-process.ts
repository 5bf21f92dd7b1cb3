import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { engineCodeOf, engineError, insertError, unavailable } from '../engine-error.js';
import { type Answer, type Frame, frame, FrameReader, type Request } from './frames.js';

export interface ProcessOptions {
  readonly folder: string;
  /** For all statements together, and its caches. */
  readonly memoryBytes: number;
  /** For one statement. */
  readonly threads: number;
}

interface Waiting {
  readonly isInsert: boolean;
  readonly resolve: (body: Buffer) => void;
  readonly reject: (error: Error) => void;
}

const BESIDE = fileURLToPath(new URL('./embedded-child.js', import.meta.url));
/** Sources that are run as they are, by tests, have no program beside them that Node could start. */
const BUILT = fileURLToPath(new URL('../../../../dist/libs/history/src/embedded/embedded-child.js', import.meta.url));
const LAST_WORDS = 2000;

/** One life of the engine's process. What is under way when it ends fails with `HISTORY_UNAVAILABLE`. */
export class EngineProcess {
  private readonly child: ChildProcess;
  private readonly pipe: Duplex;
  private readonly waiting = new Map<number, Waiting>();
  private lastId = 0;
  private words = '';
  private hasEnded = false;

  /**
   * @param onOpen the folder is open
   * @param onEnd called once, with its last words
   */
  constructor(
    { folder, memoryBytes, threads }: ProcessOptions,
    onOpen: () => void,
    private readonly onEnd: (words: string) => void,
  ) {
    const program = existsSync(BESIDE) ? BESIDE : BUILT;
    const { PATH = '', HOME = '', TZ = '' } = process.env;
    this.child = spawn(process.execPath, [program, folder, ...engineArguments(memoryBytes, threads)], {
      // one thread of the pool waits for each statement
      env: { PATH, HOME, ...(TZ !== '' && { TZ }), UV_THREADPOOL_SIZE: '16' },
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    });
    this.pipe = this.child.stdio[3] as Duplex;
    const reader = new FrameReader<Answer>((answer) =>
      answer.head.kind === 'open' ? onOpen() : this.answered(answer),
    );
    this.pipe.on('data', (chunk: Buffer) => reader.read(chunk));
    this.pipe.on('error', () => undefined);
    this.child.stderr?.on('data', (chunk: Buffer) => (this.words = (this.words + chunk.toString()).slice(-LAST_WORDS)));
    this.child.once('error', (error) => this.ended(error.message));
    // `close` comes when its last words have been read
    this.child.once('close', (code, signal) => this.ended(lastWords(this.words) ?? `it ended with ${signal ?? code}`));
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Statements that have not been answered. */
  get pending(): number {
    return this.waiting.size;
  }

  /** @returns the number to end it by, and the answer's bytes */
  ask(request: Omitted<Exclude<Request, { kind: 'kill' }>>, body?: Buffer): { id: number; answer: Promise<Buffer> } {
    const id = ++this.lastId;
    const answer = new Promise<Buffer>((resolve, reject) => {
      if (this.hasEnded) return reject(unavailable('The history engine is not running'));
      this.waiting.set(id, { isInsert: request.kind === 'insert', resolve, reject });
      this.send({ ...request, id }, body);
    });
    return { id, answer };
  }

  /** Ends a statement, which then fails. */
  kill(id: number): void {
    if (this.waiting.has(id)) this.send({ id, kind: 'kill' });
  }

  isWaitingFor(id: number): boolean {
    return this.waiting.has(id);
  }

  /** Lets it close the folder and end. */
  leave(): void {
    this.pipe.destroy();
  }

  /** Ends it where it stands. The folder stands it: what was told to be stored is. */
  crash(): void {
    this.child.kill('SIGKILL');
  }

  private send(request: Request, body?: Buffer): void {
    for (const piece of frame(request, body)) if (piece.length > 0) this.pipe.write(piece);
  }

  private answered({ head, body }: Frame<Answer>): void {
    if (head.kind === 'open') return;
    const waiting = this.waiting.get(head.id);
    this.waiting.delete(head.id);
    if (head.kind === 'done') waiting?.resolve(body);
    else {
      const errorOf = waiting?.isInsert === true ? insertError : engineError;
      waiting?.reject(errorOf(engineCodeOf(head.text), head.text));
    }
  }

  private ended(words: string): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    for (const { reject } of this.waiting.values()) reject(unavailable('The history engine ended'));
    this.waiting.clear();
    this.onEnd(words);
  }
}

type Omitted<T> = T extends unknown ? Omit<T, 'id'> : never;

function engineArguments(memoryBytes: number, threads: number): string[] {
  const share = (part: number): number => Math.floor(memoryBytes * part);
  const pool = Math.max(2, Math.min(4, availableParallelism()));
  return [
    `--max_server_memory_usage=${memoryBytes}`,
    `--mark_cache_size=${share(0.05)}`,
    `--uncompressed_cache_size=0`,
    `--max_threads=${threads}`,
    `--background_pool_size=${pool}`,
  ];
}

/** The line that says what went wrong, of all that a dying process writes. */
function lastWords(words: string): string | undefined {
  const lines = words.split('\n').filter((line) => line.trim() !== '');
  return (
    lines.find((line) => line.includes('DB::Exception')) ?? lines.find((line) => line.includes('Error')) ?? lines[0]
  );
}
