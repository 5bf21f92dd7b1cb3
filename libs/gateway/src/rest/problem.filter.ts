import { STATUS_CODES } from 'node:http';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, NotFoundException } from '@nestjs/common';
import type { Request, Response } from 'express';
import { type ErrorCode, type Log, MarketDataError } from '#domain';
import { httpStatus } from '../error-map.js';
import type { Problem } from './problem.js';

export const API_VERSIONS = ['v1'];

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
    this.answer(exception, request, response);
  }

  /** Answers a request that no route has taken. */
  notFound(request: Request, response: Response): void {
    this.answer(new NotFoundException(`There is no ${request.method} ${request.path}`), request, response);
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
    response.status(status).type('application/problem+json').send(JSON.stringify(problem));
  }

  private explain(
    exception: unknown,
    request: Request,
  ): { status: number; code: ErrorCode | 'INTERNAL'; detail: string } {
    if (exception instanceof MarketDataError) {
      return { status: httpStatus(exception.code), code: exception.code, detail: exception.message };
    }
    if (exception instanceof HttpException) {
      const status = exception.getStatus();
      return {
        status,
        code: status === 404 || status === 405 ? 'UNSUPPORTED_ACTION' : codeOf(status),
        detail: detailOf(exception),
      };
    }
    if (isHttpError(exception))
      return { status: exception.status, code: codeOf(exception.status), detail: exception.message };
    this.log.error({ err: exception, path: request.path }, 'request failed');
    return { status: 500, code: 'INTERNAL', detail: 'The server could not do this' };
  }
}

function codeOf(status: number): ErrorCode | 'INTERNAL' {
  if (status === 413) return 'MESSAGE_TOO_LARGE';
  if (status === 429) return 'RATE_LIMITED';
  return status >= 500 ? 'INTERNAL' : 'INVALID_MESSAGE';
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
