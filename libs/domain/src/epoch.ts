/** The name of the run in which sequences count. It changes when the sequences start again, and only then. */
export class Epoch {
  constructor(private present: string) {}

  get name(): string {
    return this.present;
  }

  /** Sequences start again: whoever holds a position of the epoch before has to begin with a snapshot. */
  begin(name: string): void {
    this.present = name;
  }
}
