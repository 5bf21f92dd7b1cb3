import { Controller, Get, Header, Inject, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { For } from '../access/access.js';

/** Whoever collects the numbers. */
export interface MetricsText {
  text(): Promise<string>;
}

export const METRICS_TEXT = Symbol('MetricsText');

@ApiExcludeController()
@For('metrics')
@Controller({ path: 'metrics', version: VERSION_NEUTRAL })
export class MetricsController {
  constructor(@Inject(METRICS_TEXT) private readonly metrics: MetricsText) {}

  @Get()
  @Header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
  read(): Promise<string> {
    return this.metrics.text();
  }
}
