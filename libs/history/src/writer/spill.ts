import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { type FileHandle, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '#domain';
import { framed, recordsOf } from './segment.js';
import { packed, type Shipment, unpacked } from './shipment.js';

/** A file is read back as a whole, and deleted as a whole. */
const SEGMENT_BYTES = 8 * 1_048_576;
const NAME = /^(\d{10})\.spill$/;

interface Segment {
  readonly number: number;
  bytes: number;
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

  constructor(
    private readonly folder: string,
    private readonly maxBytes: number,
    private readonly log: Log,
  ) {
    mkdirSync(folder, { recursive: true });
    for (const name of readdirSync(folder).toSorted()) {
      const number = Number(NAME.exec(name)?.[1] ?? NaN);
      if (Number.isNaN(number)) continue;
      this.segments.push({ number, bytes: statSync(join(folder, name)).size });
      this.next = number + 1;
    }
  }

  get bytes(): number {
    return this.segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  get isEmpty(): boolean {
    return this.segments.length === 0;
  }

  /** Keeps one. False when there is no room for it: none allowed, or none on the disk. */
  async keep(shipment: Shipment): Promise<boolean> {
    const bytes = framed(packed(shipment));
    if (this.bytes + bytes.length > this.maxBytes) return false;
    try {
      const segment = await this.writable();
      await this.write(bytes, segment);
      return true;
    } catch (error) {
      this.log.error({ error: String(error) }, 'ticks could not be put into the spill file');
      return false;
    }
  }

  /** The oldest one kept; undefined when there is none. It stays until `done`. */
  async oldest(): Promise<Shipment | undefined> {
    while (this.reading === undefined || this.reading.length === 0) {
      const [segment] = this.segments;
      if (segment === undefined) return undefined;
      if (this.reading !== undefined) {
        await this.forget(segment);
        continue;
      }
      if (this.isWriting(segment)) await this.seal();
      const { records, lostBytes } = recordsOf(await readFile(this.pathOf(segment)));
      if (lostBytes > 0) this.log.warn({ lostBytes }, 'the end of a spill file could not be read: it was cut short');
      this.reading = records.map(unpacked);
    }
    return this.reading[0];
  }

  /** The oldest one is stored. */
  async done(): Promise<void> {
    this.reading?.shift();
    const [segment] = this.segments;
    if (this.reading?.length === 0 && segment !== undefined) await this.forget(segment);
  }

  async close(): Promise<void> {
    await this.seal();
  }

  private async writable(): Promise<Segment> {
    const last = this.segments.at(-1);
    if (this.file !== undefined && last !== undefined && last.bytes < SEGMENT_BYTES) return last;
    await this.seal();
    const segment = { number: this.next, bytes: 0 };
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
    this.reading = undefined;
    await rm(this.pathOf(segment), { force: true });
    this.segments.splice(this.segments.indexOf(segment), 1);
  }

  private pathOf({ number }: Segment): string {
    return join(this.folder, `${String(number).padStart(10, '0')}.spill`);
  }
}
