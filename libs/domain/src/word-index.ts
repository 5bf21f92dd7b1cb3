import { isOneEditApart } from './one-edit.js';

/** Letters from which on one may be wrong: of fewer, too many words are one letter apart. */
export const FORGIVEN_FROM = 5;

/** The words of many names, each once with the names that have it: a search asks each word, not each name. */
export class WordIndex {
  /** In order. */
  private readonly words: readonly string[];
  private readonly byLength: string[][] = [];
  private readonly holders = new Map<string, number[]>();

  /** @param names each in its words */
  constructor(private readonly names: readonly (readonly string[])[]) {
    names.forEach((words, name) => {
      for (const word of new Set(words)) {
        const holders = this.holders.get(word);
        if (holders === undefined) this.holders.set(word, [name]);
        else holders.push(name);
      }
    });
    this.words = [...this.holders.keys()].toSorted(inOrder);
    for (const word of this.words) (this.byLength[word.length] ??= []).push(word);
  }

  /**
   * Which names have a word for each part, one that begins with it: 1 by position of the name, 0 for the others.
   * @param forgives whether one letter of a part of five or more may be wrong, missing, too many or swapped with its neighbour
   */
  withAll(parts: readonly string[], forgives: boolean): Uint8Array {
    const wanted = [...new Set(parts)];
    const all = new Uint8Array(this.names.length);
    /** How many parts in a row a name has words for. */
    const met = new Uint16Array(this.names.length);
    for (const [position, part] of wanted.entries()) {
      let isMet = false;
      for (const word of this.wordsFor(part, forgives)) {
        for (const name of this.holders.get(word) ?? []) {
          if (met[name] !== position) continue;
          met[name] = position + 1;
          isMet = true;
        }
      }
      if (!isMet) return all;
    }
    for (let name = 0; name < met.length; name++) if (met[name] === wanted.length) all[name] = 1;
    return all;
  }

  private wordsFor(part: string, forgives: boolean): string[] {
    const { words } = this;
    const found: string[] = [];
    for (let i = this.firstFrom(part); words[i]?.startsWith(part) === true; i++) found.push(words[i] as string);
    if (forgives && part.length >= FORGIVEN_FROM)
      for (const length of [part.length - 1, part.length, part.length + 1])
        for (const word of this.byLength[length] ?? []) if (isOneEditApart(part, word)) found.push(word);
    return found;
  }

  /** Position of the first word that does not stand before a text. */
  private firstFrom(text: string): number {
    let low = 0;
    let high = this.words.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.words[middle] as string) < text) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** By code units, as `<` compares. */
function inOrder(a: string, b: string): number {
  return a < b ? -1 : 1;
}
