/** What travels between the gateway and the engine's process: a head in JSON, and bytes that are not looked into. */
export interface Frame<Head> {
  readonly head: Head;
  readonly body: Buffer;
}

interface QueryRequest {
  readonly id: number;
  readonly kind: 'query';
  readonly sql: string;
  readonly format: string;
  readonly settings: Settings;
  readonly params: Readonly<Record<string, string>>;
}

interface InsertRequest {
  readonly id: number;
  readonly kind: 'insert';
  readonly table: string;
  readonly format: string;
  readonly settings: Settings;
}

export type Request = QueryRequest | InsertRequest | { readonly id: number; readonly kind: 'kill' };

type Settings = Readonly<Record<string, string | number>>;

export type Answer =
  | { readonly kind: 'open' }
  | { readonly kind: 'done'; readonly id: number }
  | { readonly kind: 'failed'; readonly id: number; readonly text: string };

/** Length of the whole frame and of its head, both unsigned 32 bits, little-endian. */
const PREFIX = 8;

/** A frame in two pieces, so that a large body is not copied. */
export function frame(head: Request | Answer, body: Uint8Array = Buffer.alloc(0)): [prefix: Buffer, body: Uint8Array] {
  const text = Buffer.from(JSON.stringify(head));
  const prefix = Buffer.allocUnsafe(PREFIX + text.length);
  prefix.writeUInt32LE(PREFIX + text.length + body.length, 0);
  prefix.writeUInt32LE(text.length, 4);
  text.copy(prefix, PREFIX);
  return [prefix, body];
}

/** Puts frames together again from the pieces in which a pipe delivers them. */
export class FrameReader<Head> {
  private chunks: Buffer[] = [];
  private held = 0;
  private needed = PREFIX;

  constructor(private readonly onFrame: (frame: Frame<Head>) => void) {}

  read(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.held += chunk.length;
    // a frame of many chunks is joined once, not with each of them
    while (this.held >= this.needed) {
      const all = this.chunks.length === 1 ? (this.chunks[0] as Buffer) : Buffer.concat(this.chunks, this.held);
      this.chunks = [all];
      const length = all.readUInt32LE(0);
      if (this.held < length) {
        this.needed = length;
        return;
      }
      this.take(all, length);
    }
  }

  private take(all: Buffer, length: number): void {
    const bodyAt = PREFIX + all.readUInt32LE(4);
    this.held -= length;
    this.chunks = this.held === 0 ? [] : [all.subarray(length)];
    this.needed = PREFIX;
    const head = JSON.parse(all.toString('utf8', PREFIX, bodyAt)) as Head;
    this.onFrame({ head, body: all.subarray(bodyAt, length) });
  }
}
