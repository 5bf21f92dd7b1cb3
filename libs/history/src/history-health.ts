import type { HealthReport, HealthSource } from '#domain';
import type { HistoryEngine } from './history-engine.js';
import type { Shipper } from './writer/shipper.js';

/** Red while the engine is away or ticks are lost, degraded while some wait on the disk or the engine does not take them. The gateway needs none of it. */
export class HistoryHealth implements HealthSource {
  readonly name = 'history';

  constructor(
    private readonly engine: HistoryEngine,
    private readonly shipper: Shipper,
  ) {}

  report(): HealthReport {
    const { engine, shipper } = this;
    const { spill, stored, lost, waitingBytes } = shipper;
    const isDown = engine.state === 'away' || shipper.isLosing;
    return {
      state: isDown ? 'down' : engine.state === 'up' && spill.isEmpty && !shipper.isStuck ? 'up' : 'degraded',
      engine: engine.kind,
      engineState: engine.state,
      ...(engine.problem !== undefined && { problem: engine.problem }),
      storedRows: stored,
      lostRows: lost,
      waitingBytes,
      spillBytes: spill.bytes,
    };
  }
}
