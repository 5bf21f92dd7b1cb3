import { nativeText } from './native-block.js';

/** Texts by small numbers, in the order in which they were met. */
export class NumberedTexts {
  readonly texts: string[] = [];
  /** As `nativeText` makes them. */
  readonly bytes: Uint8Array[] = [];
  private readonly numbers = new Map<string, number>();
  private last = '';
  private lastNumber = -1;

  numberOf(text: string): number {
    return text === this.last ? this.lastNumber : this.find(text);
  }

  private find(text: string): number {
    let number = this.numbers.get(text);
    if (number === undefined) {
      number = this.texts.push(text) - 1;
      this.bytes.push(nativeText(text));
      this.numbers.set(text, number);
    }
    this.last = text;
    this.lastNumber = number;
    return number;
  }
}
