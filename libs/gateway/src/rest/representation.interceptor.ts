import {
  type CallHandler,
  type ExecutionContext,
  HttpException,
  Injectable,
  type NestInterceptor,
  StreamableFile,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { stringify } from 'csv-stringify/sync';
import type { Request, Response } from 'express';
import { Packr } from 'msgpackr';
import { map, type Observable } from 'rxjs';
import { deprecationHeaders } from './deprecation.js';
import { digest, matches, tagOfFormat } from './etag.js';
import { contentType, type Format, negotiate } from './negotiation.js';
import { COMMON_FORMATS, FRESHNESS, OFFERED, REPLACED, TABLE, type Table } from './representation.js';

const READING = new Set(['GET', 'HEAD']);
/** Plain maps and numbers, which every MessagePack reader knows. */
const packr = new Packr({ useRecords: false, variableMapSize: true });

/** Writes what routes under `/api` answer in the format that is wanted, with a tag, and 304 where it is known. */
@Injectable()
export class RepresentationInterceptor implements NestInterceptor {
  constructor(private readonly reflector: Reflector) {}

  /** @throws NotAcceptableError; HttpException 415 for a body that is no JSON */
  intercept(context: ExecutionContext, next: CallHandler<unknown>): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<Request>();
    if (context.getType() !== 'http' || !request.path.startsWith('/api/')) return next.handle();
    const response = http.getResponse<Response>();
    const read = <T>(key: symbol): T | undefined =>
      this.reflector.getAllAndOverride<T | undefined>(key, [context.getHandler(), context.getClass()]);
    response.vary('Accept');
    if (read<boolean>(REPLACED) === true) setAll(response, deprecationHeaders(request.originalUrl));
    checkBody(request);
    const format = negotiate(request.headers.accept, read<readonly Format[]>(OFFERED) ?? COMMON_FORMATS);
    const cacheControl = read<string>(FRESHNESS) ?? 'no-cache';
    return next.handle().pipe(
      map((answer) => {
        if (answer === undefined || response.headersSent) return answer;
        const isRead = READING.has(request.method);
        if (isRead && !response.hasHeader('Cache-Control')) response.setHeader('Cache-Control', cacheControl);
        // a route that has opened its answer itself
        if (answer instanceof StreamableFile) return answer;
        const written = write(answer, format, read<Table<unknown>>(TABLE));
        response.setHeader('Content-Type', contentType(format));
        const page = nextOf(answer);
        if (page !== undefined) response.setHeader('X-Next', page);
        if (isRead && isKnown(request, response, format, written)) return undefined;
        return typeof written === 'string' ? written : new StreamableFile(written, { length: written.length });
      }),
    );
  }
}

/** Tags the answer; true when the reader has it already, which is then said by the status. */
function isKnown(request: Request, response: Response, format: Format, written: string | Buffer): boolean {
  const given = response.getHeader('ETag');
  const etag = typeof given === 'string' ? tagOfFormat(given, format) : `"${digest(written)}"`;
  response.setHeader('ETag', etag);
  // Express would do this, but not for the fetch API, which adds `no-cache` to every conditional request
  if (!matches(request.headers['if-none-match'], etag)) return false;
  response.status(304);
  return true;
}

/** Cursor of the page behind an answer of version 2: a table has no other place to say that there is more. */
function nextOf(answer: unknown): string | undefined {
  return (answer as { page?: { next?: string | null } } | null)?.page?.next ?? undefined;
}

function write(answer: unknown, format: Format, table: Table<unknown> | undefined): string | Buffer {
  if (format === 'msgpack') return packr.pack(withoutGaps(answer));
  if (format === 'csv' && table !== undefined) {
    return stringify([...table.rows(answer)], {
      header: true,
      columns: [...table.columns],
      record_delimiter: 'windows',
      cast: {
        boolean: String,
        string: harmless,
        object: (value) => harmless(Array.isArray(value) ? value.join('|') : JSON.stringify(value)),
      },
    });
  }
  return JSON.stringify(answer);
}

/** A text that a spreadsheet would take for a formula is marked as a text; a decimal is a number to it. */
function harmless(text: string): string {
  return /^[=+\-@\t\r]/.test(text) && !/^-?\d+(\.\d+)?$/.test(text) ? `'${text}` : text;
}

/** What JSON leaves out is left out: MessagePack would write a property without a value as null. */
function withoutGaps(answer: unknown): unknown {
  return JSON.parse(JSON.stringify(answer)) as unknown;
}

/** @throws HttpException 415 for a body that is not JSON */
function checkBody(request: Request): void {
  if (READING.has(request.method)) return;
  const { 'content-type': type, 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  const hasBody = encoding !== undefined || (length !== undefined && length !== '0');
  if (hasBody && request.is('application/json') === false)
    throw new HttpException(`A body is application/json, not ${type ?? 'without a type'}`, 415);
}

function setAll(response: Response, headers: readonly string[]): void {
  for (let i = 0; i < headers.length; i += 2) response.append(headers[i] as string, headers[i + 1] as string);
}
