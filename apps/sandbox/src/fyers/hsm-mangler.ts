/** Length, type, message number and count of a data message; its first entry begins with a kind and a topic number. */
const DATA_HEAD = 9;

type Mangling = (frame: Buffer) => Buffer;

const MANGLINGS: readonly Mangling[] = [
  // the end is missing
  (frame) => frame.subarray(0, Math.max(DATA_HEAD, Math.floor(frame.length / 2))),
  // a kind of entry that nobody knows
  (frame) => changed(frame, DATA_HEAD, 0x3f),
  // topics nobody has a snapshot of
  (frame) => Buffer.concat([frame.subarray(0, 7), Buffer.of(0, 2), unknownUpdate(65_000), unknownUpdate(65_001)]),
  // more entries announced than there are
  (frame) => changed(frame, 7, 0xff),
];

/** Makes data messages wrong, each time in another way, and leaves their numbers alone. */
export class FrameMangler {
  private turn = 0;

  mangle(frame: Buffer): Buffer {
    const way = MANGLINGS[this.turn++ % MANGLINGS.length] as Mangling;
    return way(frame);
  }
}

function changed(frame: Buffer, at: number, byte: number): Buffer {
  const copy = Buffer.from(frame);
  copy[at] = byte;
  return copy;
}

function unknownUpdate(topicNumber: number): Buffer {
  const entry = Buffer.of(0x55, 0, 0, 1, 0, 0, 0x13, 0x88);
  entry.writeUInt16BE(topicNumber, 1);
  return entry;
}
