import { HttpException } from '@nestjs/common';

/** Media types of each format an answer can have; the first is what it is sent as. */
const MEDIA_TYPES = {
  json: ['application/json'],
  msgpack: ['application/vnd.msgpack', 'application/msgpack', 'application/x-msgpack'],
  csv: ['text/csv'],
  arrow: ['application/vnd.apache.arrow.stream'],
  lines: ['application/x-ndjson'],
  events: ['text/event-stream'],
  problem: ['application/problem+json', 'application/json'],
} as const;

export type Format = keyof typeof MEDIA_TYPES;

/** `Content-Type` of an answer in a format. */
export function contentType(format: Format): string {
  const isText = format === 'json' || format === 'csv' || format === 'problem';
  return MEDIA_TYPES[format][0] + (isText ? '; charset=utf-8' : '');
}

/** Media type that names a format in documents. */
export function mediaType(format: Format): string {
  return MEDIA_TYPES[format][0];
}

/** Nothing that is offered is accepted: 406, with what there is. */
export class NotAcceptableError extends HttpException {
  constructor(readonly offered: readonly Format[]) {
    super(`This is to be had as ${offered.map(mediaType).join(', ')}`, 406);
  }
}

/**
 * Which of the formats offered somebody wants most, by `Accept` with its q-values; the first offered when all are equal to them.
 * @throws NotAcceptableError when they want none of them
 */
export function negotiate(accept: string | undefined, offered: readonly Format[]): Format {
  const format = preferred(accept, offered);
  if (format === undefined) throw new NotAcceptableError(offered);
  return format;
}

/** The same as `negotiate`; undefined when they want none of them. */
export function preferred(accept: string | undefined, offered: readonly Format[]): Format | undefined {
  if (accept === undefined || accept.trim() === '' || accept === '*/*') return offered[0];
  const ranges = accept.split(',').map(parseRange);
  let best: Format | undefined;
  let bestQuality = 0;
  for (const format of offered) {
    const quality = Math.max(...MEDIA_TYPES[format].map((type) => qualityOf(type, ranges)));
    if (quality > bestQuality) {
      best = format;
      bestQuality = quality;
    }
  }
  return best;
}

interface Range {
  readonly type: string;
  readonly quality: number;
}

function parseRange(text: string): Range {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
  const value = quality === undefined ? 1 : Number(quality);
  // what is no number says nothing
  return { type, quality: value >= 0 && value <= 1 ? value : 1 };
}

/** The quality of the range that fits a type most closely; 0 when none does. */
function qualityOf(type: string, ranges: readonly Range[]): number {
  for (const wanted of [type, `${type.split('/')[0]}/*`, '*/*']) {
    const range = ranges.find((one) => one.type === wanted);
    if (range !== undefined) return range.quality;
  }
  return 0;
}
