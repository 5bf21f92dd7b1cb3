import type { Cancel, Clock, EpochMs } from '#domain';

interface Task {
  readonly at: EpochMs;
  readonly order: number;
  readonly run: () => void;
}

/** A clock that moves only when told; due tasks run in the order of their time. */
export class ManualClock implements Clock {
  private readonly tasks = new Set<Task>();
  private readonly start: EpochMs;
  private order = 0;

  constructor(private time: EpochMs = 1_700_000_000_000) {
    this.start = time;
  }

  now(): EpochMs {
    return this.time;
  }

  elapsed(): number {
    return this.time - this.start;
  }

  after(ms: number, run: () => void): Cancel {
    const task = { at: this.time + Math.max(0, ms), order: this.order++, run };
    this.tasks.add(task);
    return () => void this.tasks.delete(task);
  }

  /** Tasks not yet run: what a stopped component must leave at 0. */
  get pending(): number {
    return this.tasks.size;
  }

  advance(ms: number): void {
    const end = this.time + ms;
    for (let next = this.nextDue(end); next !== undefined; next = this.nextDue(end)) {
      this.tasks.delete(next);
      this.time = Math.max(this.time, next.at);
      next.run();
    }
    this.time = Math.max(this.time, end);
  }

  private nextDue(end: EpochMs): Task | undefined {
    let first: Task | undefined;
    for (const task of this.tasks) {
      if (task.at > end) continue;
      if (first === undefined || task.at < first.at || (task.at === first.at && task.order < first.order)) first = task;
    }
    return first;
  }
}
