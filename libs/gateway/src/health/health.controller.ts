import { Controller, Get, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { HealthCheck, type HealthCheckResult, HealthCheckService } from '@nestjs/terminus';
import { For } from '../access/access.js';
import {
  CredentialsIndicator,
  DrainIndicator,
  PartsIndicator,
  ProcessIndicator,
  VendorsIndicator,
} from './indicators.js';

/**
 * `live`: the process answers; restart it when not. `ready`: send it clients. A vendor that is down makes `/health` red but not
 * `ready`: clients are better served with quotes marked stale than with no server at all.
 */
@ApiExcludeController()
@For('public')
@Controller({ path: 'health', version: VERSION_NEUTRAL })
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly vendors: VendorsIndicator,
    private readonly credentials: CredentialsIndicator,
    private readonly process: ProcessIndicator,
    private readonly drain: DrainIndicator,
    private readonly parts: PartsIndicator,
  ) {}

  @Get()
  @HealthCheck()
  all(): Promise<HealthCheckResult> {
    return this.health.check([
      () => this.drain.check('accepting'),
      () => this.process.eventLoop('eventLoop'),
      () => this.process.memory('memory'),
      () => this.vendors.check('vendors'),
      () => this.credentials.check('credentials'),
      ...this.parts.all(),
    ]);
  }

  @Get('live')
  @HealthCheck()
  live(): Promise<HealthCheckResult> {
    return this.health.check([]);
  }

  @Get('ready')
  @HealthCheck()
  ready(): Promise<HealthCheckResult> {
    return this.health.check([
      () => this.drain.check('accepting'),
      () => this.process.eventLoop('eventLoop'),
      ...this.parts.forReadiness(),
    ]);
  }
}
