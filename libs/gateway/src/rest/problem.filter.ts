import { STATUS_CODES } from 'node:http';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, NotFoundException } from '@nestjs/common';
import type { Request, Response } from 'express';
import { Packr } from 'msgpackr';
import { type Log, MarketDataError } from '#domain';
import { httpStatus } from '../error-map.js';
import { allowedMethods } from './allowed-methods.js';
import { contentType, preferred } from './negotiation.js';
import type { Problem, ProblemCode } from './problem.js';

export const API_VERSIONS = ['v1', 'v2'];

const RETRY_SOON_S = 1;
const packr = new Packr({ useRecords: false, variableMapSize: true });

/** Turns whatever a route throws into a problem document. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly log: Log) {}

  catch(exception: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    if (response.headersSent) return;
    // a health check's answer is its own document
    if (exception instanceof HttpException && request.path.startsWith('/health')) {
      response.status(exception.getStatus()).json(exception.getResponse());
      return;
    }
    // Nest says so of a path that no route has taken
    if (exception instanceof NotFoundException && !allowedMethods(request).includes(request.method))
      this.notFound(request, response);
    else this.answer(exception, request, response);
  }

  /** Answers a request that no route has taken: the path may have routes for other methods. */
  notFound(request: Request, response: Response): void {
    const allowed = allowedMethods(request);
    // not request.path, which is without the prefix in a router of its own
    const what = `There is no ${request.method} ${request.originalUrl.split('?', 1)[0]}`;
    if (allowed.length === 0) return this.answer(new NotFoundException(what), request, response);
    response.setHeader('Allow', allowed.join(', '));
    this.answer(new HttpException(what, 405), request, response);
  }

  /** Answers with what is wrong, also outside of routes. */
  answer(exception: unknown, request: Request, response: Response): void {
    const { status, code, detail } = this.explain(exception, request);
    const problem: Problem = {
      type: `urn:tickwire:error:${code}`,
      title: STATUS_CODES[status] ?? 'Error',
      status,
      code,
      detail,
      instance: request.originalUrl,
    };
    const version = /^\/api\/(v\d+)(\/|\?|$)/.exec(request.originalUrl)?.[1];
    if (version !== undefined && !API_VERSIONS.includes(version)) {
      problem.versions = API_VERSIONS;
      problem.detail = `There is no version ${version} of this API`;
    }
    if (status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
    if (status === 503 && !response.hasHeader('Retry-After')) response.setHeader('Retry-After', String(RETRY_SOON_S));
    // what was said of the answer that did not come about
    for (const header of ['ETag', 'Cache-Control', 'Content-Disposition']) response.removeHeader(header);
    response.vary('Accept').status(status).setHeader('Cache-Control', 'no-store');
    const format = preferred(request.headers.accept, ['problem', 'msgpack']) ?? 'problem';
    const body = format === 'msgpack' ? packr.pack(problem) : Buffer.from(JSON.stringify(problem));
    // Express would make a tag of it
    response.setHeader('Content-Type', contentType(format));
    response.setHeader('Content-Length', body.length);
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  private explain(exception: unknown, request: Request): { status: number; code: ProblemCode; detail: string } {
    if (exception instanceof MarketDataError) {
      return { status: httpStatus(exception.code), code: exception.code, detail: exception.message };
    }
    if (exception instanceof HttpException) {
      const status = exception.getStatus();
      return { status, code: codeOf(status), detail: detailOf(exception) };
    }
    if (isHttpError(exception))
      return { status: exception.status, code: codeOf(exception.status), detail: exception.message };
    this.log.error({ err: exception, path: request.path }, 'request failed');
    return { status: 500, code: 'INTERNAL', detail: 'The server could not do this' };
  }
}

/** Code of an error that has only an HTTP status. */
function codeOf(status: number): ProblemCode {
  switch (status) {
    case 401:
      return 'UNAUTHENTICATED';
    case 403:
      return 'FORBIDDEN';
    case 404:
      return 'UNSUPPORTED_ACTION';
    case 405:
      return 'METHOD_NOT_ALLOWED';
    case 406:
      return 'NOT_ACCEPTABLE';
    case 413:
      return 'MESSAGE_TOO_LARGE';
    case 415:
      return 'UNSUPPORTED_MEDIA_TYPE';
    case 429:
      return 'RATE_LIMITED';
    default:
      return status >= 500 ? 'INTERNAL' : 'INVALID_MESSAGE';
  }
}

/** Errors of Express and its body parsers: a broken percent escape, a body that is no JSON. */
function isHttpError(exception: unknown): exception is Error & { status: number } {
  return (
    exception instanceof Error &&
    'status' in exception &&
    typeof exception.status === 'number' &&
    exception.status < 500
  );
}

function detailOf(exception: HttpException): string {
  const body = exception.getResponse();
  const message = typeof body === 'object' && 'message' in body ? body.message : body;
  return Array.isArray(message) ? message.join('; ') : String(message);
}
