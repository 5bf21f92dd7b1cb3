import protobuf from 'protobufjs/minimal.js';

type Writer = protobuf.Writer;

/** On the wire: the field's number times 8, and how its value is written: 0 integer, 1 double, 2 message or string. */
const integer = (field: number): number => field * 8;
const double = (field: number): number => field * 8 + 1;
const message = (field: number): number => field * 8 + 2;

export const SEGMENT_STATUS = {
  PRE_OPEN_START: 0,
  PRE_OPEN_END: 1,
  NORMAL_OPEN: 2,
  NORMAL_CLOSE: 3,
  CLOSING_START: 4,
  CLOSING_END: 5,
} as const;
const FRAME_TYPE = { initial_feed: 0, live_feed: 1, market_info: 2 } as const;
const REQUEST_MODE = { ltpc: 0, full: 1, option_greeks: 2, full_d30: 3 } as const;

/** Rupees, shares, Unix ms. */
export interface Ltpc {
  readonly ltp: number;
  readonly ltt: number | undefined;
  readonly ltq: number;
  readonly cp: number;
}

export interface Level {
  readonly bidQ: number;
  readonly bidP: number;
  readonly askQ: number;
  readonly askP: number;
}

export interface Ohlc {
  readonly interval: string;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly vol: number;
  readonly ts: number;
}

/** What trading has brought; a record of a mere change of the book is without. */
export interface Traded {
  readonly ltpc: Ltpc;
  readonly ohlc: readonly Ohlc[];
  readonly atp: number | undefined;
  readonly vtt: number;
}

/** Fields that only the newer schema has. */
export interface Auction {
  readonly iep: number;
  readonly rp: number;
  readonly casEligible: boolean;
}

export interface Full {
  readonly mode: 'full' | 'full_d30';
  readonly traded: Traded | undefined;
  readonly levels: readonly Level[];
  readonly tbq: number;
  readonly tsq: number;
  readonly auction: Auction | undefined;
}

/** One `Feed` of mode `ltpc`. */
export function ltpcFeed(ltpc: Ltpc): Uint8Array {
  const writer = protobuf.Writer.create();
  nested(writer, 1, () => writeLtpc(writer, ltpc));
  return writer.finish();
}

/** One `Feed` of mode `option_greeks`; of a share, which has no greeks. */
export function firstLevelFeed({ ltpc, vtt }: Traded, level: Level): Uint8Array {
  const writer = protobuf.Writer.create();
  nested(writer, 3, () => {
    nested(writer, 1, () => writeLtpc(writer, ltpc));
    nested(writer, 2, () => writeLevel(writer, level));
    putInteger(writer, 4, vtt);
  });
  putInteger(writer, 4, REQUEST_MODE.option_greeks);
  return writer.finish();
}

/** One `Feed` of the modes with depth. */
export function fullFeed({ mode, traded, levels, tbq, tsq, auction }: Full): Uint8Array {
  const writer = protobuf.Writer.create();
  nested(writer, 2, () =>
    nested(writer, 1, () => {
      if (traded !== undefined) nested(writer, 1, () => writeLtpc(writer, traded.ltpc, auction?.iep));
      nested(writer, 2, () => {
        for (const level of levels) nested(writer, 1, () => writeLevel(writer, level));
      });
      if (traded !== undefined) {
        nested(writer, 4, () => {
          for (const candle of traded.ohlc) nested(writer, 1, () => writeOhlc(writer, candle));
        });
        putDouble(writer, 5, traded.atp ?? 0);
        putInteger(writer, 6, traded.vtt);
      }
      putDouble(writer, 9, tbq);
      putDouble(writer, 10, tsq);
      if (auction === undefined) return;
      putDouble(writer, 11, auction.iep);
      putDouble(writer, 12, auction.rp);
      putInteger(writer, 16, auction.casEligible ? 1 : 0);
    }),
  );
  putInteger(writer, 4, REQUEST_MODE[mode]);
  return writer.finish();
}

/** A frame with records, each a `Feed` under its key. */
export function feedFrame(
  type: 'initial_feed' | 'live_feed',
  feeds: Iterable<readonly [string, Uint8Array]>,
  now: number,
): Buffer {
  const writer = protobuf.Writer.create();
  putInteger(writer, 1, FRAME_TYPE[type]);
  for (const [key, feed] of feeds)
    nested(writer, 2, () => writer.uint32(message(1)).string(key).uint32(message(2)).bytes(feed));
  putInteger(writer, 3, now);
  return Buffer.from(writer.finish());
}

/** A frame that tells the state of each segment. */
export function marketInfoFrame(segments: Readonly<Record<string, keyof typeof SEGMENT_STATUS>>, now: number): Buffer {
  const writer = protobuf.Writer.create();
  putInteger(writer, 1, FRAME_TYPE.market_info);
  putInteger(writer, 3, now);
  nested(writer, 4, () => {
    for (const [name, status] of Object.entries(segments))
      nested(writer, 1, () => {
        writer.uint32(message(1)).string(name);
        putInteger(writer, 2, SEGMENT_STATUS[status]);
      });
  });
  return Buffer.from(writer.finish());
}

function writeLtpc(writer: Writer, { ltp, ltt, ltq, cp }: Ltpc, iep?: number): void {
  putDouble(writer, 1, ltp);
  putInteger(writer, 2, ltt ?? 0);
  putInteger(writer, 3, ltq);
  putDouble(writer, 4, cp);
  if (iep !== undefined) nested(writer, 5, () => putDouble(writer, 1, iep));
}

function writeLevel(writer: Writer, { bidQ, bidP, askQ, askP }: Level): void {
  putInteger(writer, 1, bidQ);
  putDouble(writer, 2, bidP);
  putInteger(writer, 3, askQ);
  putDouble(writer, 4, askP);
}

function writeOhlc(writer: Writer, { interval, open, high, low, close, vol, ts }: Ohlc): void {
  writer.uint32(message(1)).string(interval);
  putDouble(writer, 2, open);
  putDouble(writer, 3, high);
  putDouble(writer, 4, low);
  putDouble(writer, 5, close);
  putInteger(writer, 6, vol);
  putInteger(writer, 7, ts);
}

function nested(writer: Writer, field: number, write: () => void): void {
  writer.uint32(message(field)).fork();
  write();
  writer.ldelim();
}

/** proto3 does not send a zero. */
function putDouble(writer: Writer, field: number, value: number): void {
  if (value !== 0) writer.uint32(double(field)).double(value);
}

function putInteger(writer: Writer, field: number, value: number): void {
  if (value !== 0) writer.uint32(integer(field)).int64(value);
}
