import type { Cancel, Clock } from '#domain';

/** Timers by name: setting one again replaces it. */
export class Timers<Name extends string> {
  private readonly running = new Map<Name, Cancel>();

  constructor(private readonly clock: Clock) {}

  has(name: Name): boolean {
    return this.running.has(name);
  }

  set(name: Name, ms: number, task: () => void): void {
    this.cancel(name);
    this.running.set(
      name,
      this.clock.after(ms, () => {
        this.running.delete(name);
        task();
      }),
    );
  }

  cancel(...names: readonly Name[]): void {
    for (const name of names) {
      this.running.get(name)?.();
      this.running.delete(name);
    }
  }

  cancelAll(): void {
    this.cancel(...this.running.keys());
  }
}
