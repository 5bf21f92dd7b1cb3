import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { type FileHandle, mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '#domain';
import { framed, recordsOf, segmentName, segmentNumber } from './segment.js';
import { packed, type Shipment, unpacked } from './shipment.js';

/** A file is read back as a whole, and deleted as a whole. */
const SEGMENT_BYTES = 8 * 1_048_576;
/** What a row takes, more or less, where a file is all that is known of it. */
const ROW_BYTES = 100;

interface Segment {
  readonly number: number;
  bytes: number;
  /** Undefined in a file that was found at the start. */
  rows: number | undefined;
}

/**
 * Shipments that memory has no room for, in files of a folder, oldest first. They outlive the process; those of the last one are found at
 * the start. One process may use a folder at a time.
 */
export class Spill {
  private readonly segments: Segment[] = [];
  private file: FileHandle | undefined;
  private next = 1;
  /** Shipments of the oldest segment that are to be sent; read when it is its turn. */
  private reading: Shipment[] | undefined;
  private lose: (rows: number) => void = () => undefined;

  constructor(
    private readonly folder: string,
    private readonly maxBytes: number,
    private readonly log: Log,
  ) {
    mkdirSync(folder, { recursive: true });
    for (const name of readdirSync(folder).toSorted()) {
      const number = segmentNumber(name);
      if (number === undefined) continue;
      this.segments.push({ number, bytes: statSync(join(folder, name)).size, rows: undefined });
      this.next = number + 1;
    }
  }

  get bytes(): number {
    return this.segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  get isEmpty(): boolean {
    return this.segments.length === 0;
  }

  /** Called with the rows of a file, or of a part of it, that can never be read: as many as were kept, or about as many. */
  onLost(listener: (rows: number) => void): void {
    this.lose = listener;
  }

  /** Keeps one. False when there is no room for it: none allowed, or none on the disk. */
  async keep(shipment: Shipment): Promise<boolean> {
    const bytes = framed(packed(shipment));
    if (this.bytes + bytes.length > this.maxBytes) return false;
    try {
      const segment = await this.writable();
      await this.write(bytes, segment);
      segment.rows = (segment.rows ?? 0) + shipment.rows;
      return true;
    } catch (error) {
      this.log.error({ error: String(error) }, 'ticks could not be put into the spill file');
      return false;
    }
  }

  /**
   * The oldest one kept; undefined when there is none. It stays until `done`. A file that is gone or damaged is left out.
   * @throws Error of the file system that may pass
   */
  async oldest(): Promise<Shipment | undefined> {
    while (this.reading === undefined || this.reading.length === 0) {
      const [segment] = this.segments;
      if (segment === undefined) return undefined;
      if (this.reading !== undefined) {
        await this.forget(segment);
        continue;
      }
      if (this.isWriting(segment)) await this.seal();
      this.reading = this.understood(segment, await this.contentOf(segment));
    }
    return this.reading[0];
  }

  /**
   * The oldest one is stored.
   * @throws as `oldest`
   */
  async done(): Promise<void> {
    this.reading?.shift();
    const [segment] = this.segments;
    if (this.reading?.length === 0 && segment !== undefined) await this.forget(segment);
  }

  async close(): Promise<void> {
    try {
      await this.seal();
    } catch (error) {
      this.log.error({ error: String(error) }, 'the spill file could not be closed');
    }
  }

  /** Nothing where the file is gone. */
  private async contentOf(segment: Segment): Promise<Buffer> {
    try {
      return await readFile(this.pathOf(segment));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
      throw error;
    }
  }

  private understood({ bytes, rows }: Segment, content: Buffer): Shipment[] {
    const { records, lostBytes } = recordsOf(content);
    const shipments = records.map(unpacked);
    const missing = Math.max(lostBytes, bytes - content.length);
    if (missing === 0) return shipments;
    const read = shipments.reduce((sum, shipment) => sum + shipment.rows, 0);
    const lost = rows === undefined ? Math.ceil(missing / ROW_BYTES) : rows - read;
    this.log.error({ lostBytes: missing, rows: lost }, 'a spill file is gone or damaged: its ticks are lost');
    this.lose(lost);
    return shipments;
  }

  private async writable(): Promise<Segment> {
    const last = this.segments.at(-1);
    if (this.file !== undefined && last !== undefined && last.bytes < SEGMENT_BYTES) return last;
    await this.seal();
    const segment = { number: this.next, bytes: 0, rows: 0 };
    await mkdir(this.folder, { recursive: true });
    this.file = await open(this.pathOf(segment), 'wx');
    this.next++;
    this.segments.push(segment);
    return segment;
  }

  private async write(bytes: Buffer, segment: Segment): Promise<void> {
    const file = this.file as FileHandle;
    try {
      // a disk that is nearly full takes a part, and says so in the number only
      for (let at = 0; at < bytes.length;)
        at += (await file.write(bytes, at, bytes.length - at, segment.bytes + at)).bytesWritten;
      segment.bytes += bytes.length;
    } catch (error) {
      // the part would hide what follows
      await file.truncate(segment.bytes);
      throw error;
    }
  }

  private isWriting(segment: Segment): boolean {
    return this.file !== undefined && this.segments.at(-1) === segment;
  }

  private async seal(): Promise<void> {
    const { file } = this;
    this.file = undefined;
    await file?.close();
  }

  private async forget(segment: Segment): Promise<void> {
    if (this.isWriting(segment)) await this.seal();
    await rm(this.pathOf(segment), { force: true });
    this.reading = undefined;
    this.segments.splice(this.segments.indexOf(segment), 1);
  }

  private pathOf({ number }: Segment): string {
    return join(this.folder, segmentName(number));
  }
}
