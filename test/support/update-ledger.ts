import { QUOTE_FIELDS } from '#domain';

const NAMES = ['symbol', 'companyName', ...QUOTE_FIELDS.map(({ name }) => name), 'source', 'stale'] as const;

/** What all clients together were told: the same position must mean the same quote to each of them. */
export class UpdateLedger {
  /** What was wrong, in words. */
  readonly faults: string[] = [];
  private readonly contents = new Map<string, string>();

  /** Notes what a client holds at a position. */
  note(epoch: string, symbol: string, sequence: number, quote: object): void {
    const position = `${epoch} ${symbol} ${sequence}`;
    const content = textOf(quote);
    const known = this.contents.get(position);
    if (known === undefined) this.contents.set(position, content);
    else if (known !== content) this.fault(`${position} is ${content} to one and ${known} to another`);
  }

  fault(text: string): void {
    this.faults.push(text);
  }

  get positions(): number {
    return this.contents.size;
  }
}

/** A quote as text, whatever order its fields came in. */
export function textOf(quote: object): string {
  const values = quote as Readonly<Record<string, unknown>>;
  return NAMES.map((name) => `${name}=${String(values[name])}`).join(' ');
}
