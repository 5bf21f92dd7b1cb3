import { constants, createDeflateRaw, deflateRawSync, type DeflateRaw } from 'node:zlib';
import { LastValueStore } from '#cache';
import { Encodings, type Encoding, type EncodingOptions } from '#compression';
import { Epoch, ALL_FIELDS_MASK, type Delta, type Instrument, InstrumentMaster, quoteOf, tick } from '#domain';
import { anInstrument } from '../support/instruments.js';
import { describeMachine } from './machine.js';
import { BenchMarket } from './market.js';
import { writeReport } from './report-file.js';
import { markdown } from './table.js';
import { symbolOf } from './workload.js';

/**
 * Bytes and CPU of one update in every form it may travel in, beside the quote as a plain gateway writes it; then what
 * permessage-deflate makes of the same messages. One process, nothing is sent.
 */
const SYMBOLS = 1_000;
const UPDATES = 10_000;
const ROUNDS = 3;
const SEED = 1;
const START = Date.now();
const BATCH_SIZES = [1, 5, 10, 25, 50, 200];
/** Messages per deflate measurement; each client compresses its own, so this is what an update costs per client. */
const MESSAGES = 400;
/** As ws does by default, but at the level that is made for speed. */
const DEFLATE = { level: 1, memLevel: 8, windowBits: 15 };
/** Deflate pays from the size at which it halves a message. */
const PAYS_BELOW = 0.5;
/** Goal of the issue for one update in a batch, bytes. */
const GOAL_BYTES = 18;

interface Form {
  readonly title: string;
  /** Undefined is the baseline: `JSON.stringify` of the event with the whole quote, for every update. */
  readonly options: Partial<EncodingOptions> | undefined;
}

const FORMS: readonly Form[] = [
  { title: 'baseline: JSON.stringify, whole quote', options: undefined },
  { title: 'Socket.IO stock: whole quote', options: { framing: 'socket.io' } },
  { title: 'JSON, whole quotes in a batch', options: { batch: true } },
  { title: 'JSON delta', options: { compression: 'delta' } },
  { title: 'JSON delta in a batch', options: { compression: 'delta', batch: true } },
  { title: 'MessagePack delta in a batch', options: { format: 'msgpack', compression: 'delta', batch: true } },
  { title: 'compact in a batch', options: { format: 'compact', compression: 'delta', batch: true } },
];

interface Cost {
  readonly bytes: number;
  readonly micros: number;
}

const instruments = Array.from({ length: SYMBOLS }, (_, index) => instrument(index));

/** Every market day is the same, and the first quote of each symbol, which is no update, is behind it. */
class Day {
  readonly store = new LastValueStore(new InstrumentMaster(instruments), new Epoch('bench'));
  private readonly market = new BenchMarket(SYMBOLS, SEED);
  private readonly states = instruments.map(({ id }) => this.store.peek(id)!);
  private now = START;
  private next = 0;

  constructor() {
    this.window(SYMBOLS);
  }

  /** The changes of a window in which so many symbols moved. */
  window(size: number): readonly Delta[] {
    this.now += 25;
    const moved = Array.from({ length: size }, () => (this.next = (this.next + 1) % SYMBOLS));
    for (const index of moved) this.store.apply(parse(this.market.tick(index, this.now), this.now));
    return this.store.advance(moved.map((index) => this.states[index]!));
  }
}

/** One connection's compressor, which remembers what it has sent. */
class Compressor {
  private readonly deflate: DeflateRaw = createDeflateRaw(DEFLATE);
  private bytes = 0;

  constructor() {
    this.deflate.on('data', (chunk: Buffer) => (this.bytes += chunk.length));
  }

  async length(message: Buffer): Promise<number> {
    this.bytes = 0;
    this.deflate.write(message);
    await new Promise<void>((resolve) => this.deflate.flush(constants.Z_SYNC_FLUSH, resolve));
    // permessage-deflate leaves out the four bytes every flush ends with
    return this.bytes - 4;
  }
}

const rows: string[][] = [];
let goal = NaN;
for (const form of FORMS) {
  const costs = BATCH_SIZES.map((size) => cheapest(form, size));
  if (form.options?.format === 'compact') goal = costs[BATCH_SIZES.indexOf(50)]!.bytes;
  rows.push([form.title, ...costs.map(({ bytes, micros }) => `${bytes.toFixed(1)} / ${micros.toFixed(2)}`)]);
}
const formats = markdown(['bytes / microseconds an update', ...BATCH_SIZES.map((size) => `${size} in a window`)], rows);

const deflated: string[][] = [];
const thresholds: string[] = [];
for (const form of FORMS.filter(({ options }) => options?.batch)) {
  let pays: string | undefined;
  for (const size of BATCH_SIZES) {
    const messages = messagesOf(form, size);
    const mean = messages.reduce((sum, { length }) => sum + length, 0) / messages.length;
    const alone = await deflateCost(messages, (message) => deflateRawSync(message, DEFLATE).length);
    const stream = new Compressor();
    const shared = await deflateCost(messages, (message) => stream.length(message));
    if (alone.bytes < PAYS_BELOW * mean) pays ??= `${mean.toFixed(0)} bytes (${size} updates)`;
    const describe = (cost: Cost): string[] => [
      `${((cost.bytes / mean) * 100).toFixed(0)} %`,
      (cost.micros / size).toFixed(2),
      mean > cost.bytes ? ((8 * (mean - cost.bytes)) / cost.micros).toFixed(0) : 'none',
    ];
    deflated.push([form.title, `${size}`, mean.toFixed(0), ...describe(alone), ...describe(shared)]);
  }
  thresholds.push(`${form.title}: ${pays === undefined ? 'at no size measured' : `from ${pays}`}`);
}
const deflate = markdown(
  ['message', 'updates', 'bytes', 'alone', 'us/update', 'Mbit/s', 'with context', 'us/update', 'Mbit/s'],
  deflated,
);

const report = [
  `${describeMachine()}. ${SYMBOLS} symbols, about 8 fields change with a tick. WebSocket frame headers included.`,
  formats,
  `Goal: at most ${GOAL_BYTES} bytes an update in a batch: ${goal.toFixed(1)} in a batch of 50, ${goal <= GOAL_BYTES ? 'met' : 'MISSED'}.`,
  deflate,
  `Deflate, level ${DEFLATE.level}, each message alone and with the context of those before it. An encoding is shared by all clients that asked
for it; deflate is paid per client. Mbit/s: bits saved per second of CPU; a link faster than that is cheaper than the core.
Halves a message: ${thresholds.join('; ')}.`,
].join('\n\n');
console.log(report);
writeReport('formats', { machine: describeMachine(), date: new Date().toISOString(), rows, deflated }, report);

/** Best of several rounds: noise only ever adds. */
function cheapest(form: Form, size: number): Cost {
  const rounds = Array.from({ length: ROUNDS }, () => encode(form, size));
  return { bytes: rounds[0]!.bytes, micros: Math.min(...rounds.map(({ micros }) => micros)) };
}

function encode(form: Form, size: number): Cost {
  const day = new Day();
  const encoding = encodingOf(form);
  let bytes = 0;
  let updates = 0;
  let spentMs = 0;
  while (updates < UPDATES) {
    const deltas = day.window(size);
    const started = performance.now();
    for (const message of write(encoding, deltas)) bytes += message.length;
    spentMs += performance.now() - started;
    updates += deltas.length;
  }
  return { bytes: bytes / updates, micros: (spentMs * 1_000) / updates };
}

function messagesOf(form: Form, size: number): Buffer[] {
  const day = new Day();
  const encoding = encodingOf(form);
  return Array.from({ length: MESSAGES }, () => write(encoding, day.window(size))).flat();
}

/** A window as the bytes of its frames. */
function write(encoding: Encoding | undefined, deltas: readonly Delta[]): Buffer[] {
  const now = START;
  if (encoding === undefined) return deltas.map(plain);
  const chunks = deltas.map((delta) => encoding.update(delta, delta.sequence - 1, now));
  if (!encoding.options.batch) return chunks.map((chunk) => Buffer.from(chunk, 'latin1'));
  const items = chunks.join('').slice(encoding.separator.length);
  return [Buffer.from(encoding.batch(items, deltas.length, now), 'latin1')];
}

function plain({ instrument: one, values, source, sequence }: Delta): Buffer {
  const payload = { symbol: one.id, seq: sequence, data: quoteOf(one, values, source), timestamp: START };
  const body = Buffer.from(`42${JSON.stringify(['price_update', payload])}`);
  return Buffer.concat([Buffer.from([0x81, 126, body.length >> 8, body.length & 255]), body]);
}

function encodingOf({ options }: Form): Encoding | undefined {
  if (options === undefined) return undefined;
  const base: EncodingOptions = {
    framing: 'websocket',
    format: 'json',
    compression: 'none',
    batch: false,
    mask: ALL_FIELDS_MASK,
  };
  return new Encodings(new Epoch('bench')).for({ ...base, ...options });
}

async function deflateCost(
  messages: readonly Buffer[],
  lengthOf: (message: Buffer) => number | Promise<number>,
): Promise<Cost> {
  let bytes = 0;
  const before = process.cpuUsage();
  for (const message of messages) bytes += await lengthOf(message);
  const { user, system } = process.cpuUsage(before);
  return { bytes: bytes / messages.length, micros: (user + system) / messages.length };
}

function instrument(index: number): Instrument {
  const number = String(index + 1).padStart(4, '0');
  return anInstrument({ id: symbolOf(index), name: `Bench Instrument ${number} Limited` });
}

function parse(record: string, now: number): ReturnType<typeof tick> {
  const { s, p, v, b, a, bs, as, ls, ap, o, h, l, pc } = JSON.parse(record) as Record<string, number> & { s: string };
  return tick({
    instrument: s,
    vendor: 'bench',
    receivedAt: now,
    eventTime: now,
    price: p,
    volume: v,
    bid: b,
    ask: a,
    bidSize: bs,
    askSize: as,
    lastSize: ls,
    averagePrice: ap,
    open: o,
    high: h,
    low: l,
    previousClose: pc,
  });
}
