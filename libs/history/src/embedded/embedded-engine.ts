import { mkdirSync } from 'node:fs';
import { resolve as absolute } from 'node:path';
import { type Clock, type Log, MarketDataError } from '#domain';
import { EngineLife } from '../engine-life.js';
import { givenUp, timedOut, unavailable } from '../engine-error.js';
import type { HistoryEngine, InsertFormat, QueryLimits, QueryParams } from '../history-engine.js';
import { Lanes } from '../lanes.js';
import { LivingEngine } from '../living-engine.js';
import { paramTexts, settingsFor, settingsForInsert } from '../query-settings.js';
import { EngineProcess, type ProcessOptions } from './engine-process.js';
import { FolderLock } from '../folder-lock.js';

/** Statements that run at one time, and that wait for their turn. */
const AT_ONCE = 4;
const IN_LINE = 200;
/** The engine looks at its time limit now and then only; past this much more it is told to stop, ms. */
const TIME_GRACE_MS = 500;
/** A statement that was told to stop and has not after this long holds the engine up, which is started anew, ms. */
const STOP_WITHIN_MS = 5000;
/** How often it is told: before it is under way the engine does not find it, ms. */
const STOP_EVERY_MS = 200;
const CLOSE_WITHIN_MS = 3000;

/**
 * The engine in a process of its own, with memory of its own: when it ends, what was asked fails, it is started again, and the gateway
 * goes on. One gateway may use a folder at a time.
 */
export class EmbeddedEngine extends LivingEngine implements HistoryEngine {
  readonly kind = 'embedded';
  protected readonly life: EngineLife;
  private readonly lanes = new Lanes(AT_ONCE, IN_LINE);
  private readonly lock: FolderLock;
  private process: EngineProcess | undefined;
  private closing: Promise<void> | undefined;

  /**
   * @param prepare brings the tables up to date, each time the engine has started
   * @throws FolderInUseError when another process uses the folder
   */
  constructor(
    private readonly options: ProcessOptions,
    private readonly prepare: (engine: HistoryEngine) => Promise<void>,
    private readonly clock: Clock,
    log: Log,
  ) {
    super();
    this.options = { ...options, folder: absolute(options.folder) };
    mkdirSync(this.options.folder, { recursive: true });
    this.lock = new FolderLock(this.options.folder);
    this.life = new EngineLife(clock, log);
    this.start();
  }

  get pid(): number | undefined {
    return this.process?.pid;
  }

  bytes(sql: string, format: string, params: QueryParams = {}, limits: QueryLimits = {}): Promise<Buffer> {
    const settings = settingsFor(limits);
    const request = { kind: 'query', sql, format, settings, params: paramTexts(params) } as const;
    return this.lanes.run(() => {
      const { maxMs, signal } = limits;
      if (signal?.aborted === true) throw givenUp();
      const engine = this.running();
      const { id, answer } = engine.ask(request);
      return this.bounded(engine, id, answer, maxMs, signal);
    }, limits.signal);
  }

  async run(sql: string): Promise<void> {
    await this.bytes(sql, 'Null');
  }

  async insert(table: string, format: InsertFormat, rows: Buffer, token?: string): Promise<void> {
    if (!/^\w+(\.\w+)?$/.test(table))
      throw new MarketDataError('QUERY_INVALID', 'a table is called database.name', false);
    await this.running().ask({ kind: 'insert', table, format, settings: settingsForInsert(token) }, rows).answer;
  }

  close(): Promise<void> {
    return (this.closing ??= this.shut());
  }

  private async shut(): Promise<void> {
    const { process } = this;
    if (!this.life.close()) return;
    if (process !== undefined) {
      const ended = new Promise<void>((resolve) => (this.onProcessEnd = resolve));
      const cancel = this.clock.after(CLOSE_WITHIN_MS, () => process.crash());
      process.leave();
      await ended;
      cancel();
    }
    this.lock.release();
  }

  private onProcessEnd: () => void = () => undefined;

  private start(): void {
    const process = new EngineProcess(
      this.options,
      () => void this.opened(process),
      (words) => {
        if (this.process === process) this.process = undefined;
        this.onProcessEnd();
        this.life.away(`its process ended: ${words}`, () => this.start());
      },
    );
    this.process = process;
  }

  private async opened(process: EngineProcess): Promise<void> {
    try {
      await this.prepare(this);
      if (this.process === process) this.life.up();
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      if (this.process === process) this.life.away(problem, () => void this.opened(process));
    }
  }

  private running(): EngineProcess {
    if (this.process === undefined) throw unavailable('The history engine is starting');
    return this.process;
  }

  /** Told to stop or not, it ends when the engine has answered: until then it takes the engine's time and memory, and its lane. */
  private async bounded(
    engine: EngineProcess,
    id: number,
    answer: Promise<Buffer>,
    maxMs: number | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Buffer> {
    if (maxMs === undefined && signal === undefined) return answer;
    let stopped: Error | undefined;
    const tell = (leftMs: number): void => {
      if (!engine.isWaitingFor(id)) return;
      if (leftMs <= 0) return engine.crash();
      engine.kill(id);
      this.clock.after(STOP_EVERY_MS, () => tell(leftMs - STOP_EVERY_MS));
    };
    const stop = (error: Error): void => {
      if (stopped === undefined) tell(STOP_WITHIN_MS);
      stopped ??= error;
    };
    const onAbort = (): void => stop(givenUp());
    const cancel =
      maxMs === undefined ? undefined : this.clock.after(maxMs + TIME_GRACE_MS, () => stop(timedOut(maxMs)));
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      const bytes = await answer;
      if (stopped !== undefined) throw stopped;
      return bytes;
    } catch (error) {
      throw this.process === engine && stopped !== undefined ? stopped : error;
    } finally {
      cancel?.();
      signal?.removeEventListener('abort', onAbort);
    }
  }
}
