import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { Response } from 'express';
import { MarketDataError } from '#domain';
import { httpStatus } from '../../error-map.js';

/** Tells errors as charts read them: `{"s": "error", "errmsg": ...}`. */
@Catch(MarketDataError, HttpException)
export class UdfErrorFilter implements ExceptionFilter<MarketDataError | HttpException> {
  catch(error: MarketDataError | HttpException, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    if (response.headersSent) return;
    const status = error instanceof MarketDataError ? httpStatus(error.code) : error.getStatus();
    if (status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
    response.status(status).json({ s: 'error', errmsg: error.message });
  }
}
