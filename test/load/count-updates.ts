/** What `count*` answer for messages that carry no countable update. */
export const OTHER = 0;
export const SNAPSHOT = -1;
export const SLOW = -2;

const SEQ_KEY = Buffer.from('"seq":');
/** Between two `"seq":` lie at least a digit, `,"data":{}},{"symbol":"` and a symbol. */
const CLOSEST_SEQ_KEYS = 24;
const SHIFTS = new Uint8Array(256).fill(SEQ_KEY.length);
for (let i = 0; i < SEQ_KEY.length - 1; i++) SHIFTS[SEQ_KEY[i]!] = SEQ_KEY.length - 1 - i;

/**
 * Items of a JSON batch, each of which has `"seq":` once. Parsing would saturate the generator long before the server, so
 * this is Horspool's search, which looks at about every fourth byte.
 */
export function countSeqKeys(bytes: Buffer, start: number, end: number): number {
  const last = SEQ_KEY.length - 1;
  let count = 0;
  let at = start + last;
  while (at < end) {
    const byte = bytes[at]!;
    if (byte === SEQ_KEY[last] && matchesBefore(bytes, at)) {
      count++;
      at += CLOSEST_SEQ_KEYS;
    } else {
      at += SHIFTS[byte]!;
    }
  }
  return count;
}

function matchesBefore(bytes: Buffer, at: number): boolean {
  return (
    bytes[at - 1] === 0x22 &&
    bytes[at - 2] === 0x71 &&
    bytes[at - 3] === 0x65 &&
    bytes[at - 4] === 0x73 &&
    bytes[at - 5] === 0x22
  );
}

const LETTER = { b: 0x62, l: 0x6c, n: 0x6e, p: 0x70, r: 0x72, s: 0x73 };

/** Which kind of message a name like `price_update` is; 1 and SNAPSHOT are final, `batch` must be counted. */
function kindOfName(bytes: Buffer, at: number): number | 'batch' {
  const first = bytes[at];
  const second = bytes[at + 1];
  if (first === LETTER.p) return second === LETTER.r ? 1 : OTHER; // price_update, not pong
  if (first === LETTER.b) return 'batch';
  if (first !== LETTER.s) return OTHER;
  return second === LETTER.n ? SNAPSHOT : second === LETTER.l ? SLOW : OTHER; // not subscribed, status
}

/** A Socket.IO text packet inside an engine.io message: `42["price_update",{...}]`. */
export function countSocketIoText(bytes: Buffer, start: number, end: number): number {
  if (bytes[start] !== 0x34 || bytes[start + 1] !== 0x32) return OTHER;
  const kind = kindOfName(bytes, start + 4);
  return kind === 'batch' ? countSeqKeys(bytes, start, end) : kind;
}

const TYPE_FIRST = Buffer.from('{"type":"');

/** A message of the plain JSON door: `{"type":"batch_update",...}`. */
export function countRawJson(bytes: Buffer, start: number, end: number): number {
  const typeIsFirst = bytes[start + 2] === TYPE_FIRST[2] && bytes[start + 8] === TYPE_FIRST[8];
  const at = typeIsFirst ? start + TYPE_FIRST.length : bytes.indexOf('"type":"', start) + 8;
  const kind = kindOfName(bytes, at);
  return kind === 'batch' ? countSeqKeys(bytes, start, end) : kind;
}

/**
 * A MessagePack map that has `type` or `updates` before any other container, as the product writes it: only the header of
 * `updates` is read. A payload without `type` (Socket.IO names the event apart) counts its `updates`.
 */
export function countMsgpack(bytes: Buffer, start: number): number {
  let at = start;
  const first = bytes[at]!;
  let keys = (first & 0xf0) === 0x80 ? first & 0x0f : first === 0xde ? bytes.readUInt16BE(at + 1) : 0;
  at += first === 0xde ? 3 : 1;
  for (; keys > 0; keys--) {
    const key = textAt(bytes, at);
    if (key === undefined) return OTHER;
    const value = key.end;
    const length = key.end - key.start;
    if (length === 7 && bytes[key.start] === 0x75) return arrayLength(bytes, value); // updates
    if (length === 4 && bytes[key.start] === 0x74 && bytes[key.start + 1] === 0x79) {
      const name = textAt(bytes, value); // type
      if (name === undefined) return OTHER;
      const kind = kindOfName(bytes, name.start);
      if (kind !== 'batch') return kind;
    }
    at = skipScalar(bytes, value);
    if (at === 0) return OTHER;
  }
  return OTHER;
}

function textAt(bytes: Buffer, at: number): { start: number; end: number } | undefined {
  const first = bytes[at]!;
  if ((first & 0xe0) === 0xa0) return { start: at + 1, end: at + 1 + (first & 0x1f) };
  if (first === 0xd9) return { start: at + 2, end: at + 2 + bytes[at + 1]! };
  if (first === 0xda) return { start: at + 3, end: at + 3 + bytes.readUInt16BE(at + 1) };
  return undefined;
}

function arrayLength(bytes: Buffer, at: number): number {
  const first = bytes[at]!;
  if ((first & 0xf0) === 0x90) return first & 0x0f;
  if (first === 0xdc) return bytes.readUInt16BE(at + 1);
  return first === 0xdd ? bytes.readUInt32BE(at + 1) : OTHER;
}

/** Offset behind a number, boolean, nil or text; 0 for a container. */
function skipScalar(bytes: Buffer, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80 || first >= 0xe0 || (first >= 0xc0 && first <= 0xc3)) return at + 1;
  if (first === 0xcc || first === 0xd0) return at + 2;
  if (first === 0xcd || first === 0xd1) return at + 3;
  if (first === 0xce || first === 0xd2 || first === 0xca) return at + 5;
  if (first === 0xcf || first === 0xd3 || first === 0xcb) return at + 9;
  return textAt(bytes, at)?.end ?? 0;
}

/** First byte of a compact batch. */
const COMPACT_BATCH = 1;

/** A compact frame: its kind, then for a batch the number of updates as a varint. */
export function countCompact(bytes: Buffer, start: number, end: number): number {
  if (bytes[start] !== COMPACT_BATCH) return OTHER;
  let count = 0;
  for (let at = start + 1, shift = 0; at < end; at++, shift += 7) {
    const byte = bytes[at]!;
    count |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  return count;
}
