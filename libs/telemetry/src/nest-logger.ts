import type { LoggerService } from '@nestjs/common';
import type { Log } from '#domain';

/** Nest's own messages in our log. Its routine start-up lines are debug: a user wants the URLs, not the module list. */
export class NestLogger implements LoggerService {
  constructor(private readonly sink: Log) {}

  log(message: unknown, ...context: unknown[]): void {
    this.sink.debug(fields(context), String(message));
  }

  debug(message: unknown, ...context: unknown[]): void {
    this.sink.debug(fields(context), String(message));
  }

  verbose(message: unknown, ...context: unknown[]): void {
    this.sink.debug(fields(context), String(message));
  }

  warn(message: unknown, ...context: unknown[]): void {
    this.sink.warn(fields(context), String(message));
  }

  error(message: unknown, ...context: unknown[]): void {
    const error = message instanceof Error ? { err: message } : {};
    this.sink.error({ ...fields(context), ...error }, message instanceof Error ? message.message : String(message));
  }
}

function fields(context: readonly unknown[]): { context?: unknown } {
  return context.length === 0 ? {} : { context: context.at(-1) };
}
