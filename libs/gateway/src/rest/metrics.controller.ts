import { Controller, Get, Header, Inject, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { For } from '../access/access.js';

/** What a histogram of durations says, ms; zeros before the first. */
export interface Quantiles {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** Whoever collects the numbers. */
export interface MetricsText {
  text(): Promise<string>;
  /** Quantiles of a histogram in seconds, by its name without the prefix. */
  quantiles(name: string): Promise<Quantiles>;
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
