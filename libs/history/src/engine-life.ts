import type { Cancel, Clock, Log } from '#domain';
import { unavailable } from './engine-error.js';
import type { EngineState } from './history-engine.js';

const RETRY_MS = [250, 500, 1000, 2000, 5000] as const;

/** State of an engine, who is told of it, and when it is tried again. */
export class EngineLife {
  state: EngineState = 'starting';
  problem: string | undefined;
  private readonly listeners: ((state: EngineState) => void)[] = [];
  private attempts = 0;
  private cancelRetry: Cancel = () => undefined;

  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  onState(listener: (state: EngineState) => void): void {
    this.listeners.push(listener);
  }

  up(): void {
    this.attempts = 0;
    this.problem = undefined;
    this.move('up');
  }

  /** It does not work: says so once, and tries again a little later each time. */
  away(problem: string, retry: () => void): void {
    if (this.state === 'closed') return;
    if (problem !== this.problem) this.log.warn({ problem }, 'the history engine is away');
    this.problem = problem;
    this.move('away');
    const ms = RETRY_MS[Math.min(this.attempts++, RETRY_MS.length - 1)] as number;
    this.cancelRetry();
    this.cancelRetry = this.clock.after(ms, retry);
  }

  /** False when it was closed before. */
  close(): boolean {
    if (this.state === 'closed') return false;
    this.cancelRetry();
    this.move('closed');
    return true;
  }

  ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (state: EngineState): void => {
        if (state === 'up') resolve();
        if (state === 'closed') reject(unavailable('The history engine is closed'));
      };
      this.listeners.push(look);
      look(this.state);
    });
  }

  private move(state: EngineState): void {
    if (state === this.state) return;
    this.state = state;
    for (const listener of this.listeners) listener(state);
  }
}
