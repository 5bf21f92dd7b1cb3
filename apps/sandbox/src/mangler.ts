/** A way to make a text wrong. */
export type Mangling = (text: string) => string;

/** The end is missing. */
export const cutShort: Mangling = (text) => text.slice(0, text.length / 2);

/** Makes texts wrong, each time in another of the given ways, taken in turn. */
export class Mangler {
  private turn = 0;

  constructor(private readonly ways: readonly Mangling[]) {}

  mangle(text: string): string {
    const way = this.ways[this.turn++ % this.ways.length] ?? cutShort;
    return way(text);
  }
}
