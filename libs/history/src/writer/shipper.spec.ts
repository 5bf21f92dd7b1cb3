import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { silentLog, systemClock } from '#domain';
import { unavailable } from '../engine-error.js';
import type { EngineState } from '../history-engine.js';
import { HistoryHealth } from '../history-health.js';
import type { Shipment } from './shipment.js';
import { Shipper } from './shipper.js';
import { Spill } from './spill.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tickwire-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** An engine that takes rows when it is up, as a test wants. */
class Engine {
  readonly kind = 'server';
  readonly problem = undefined;
  state: EngineState = 'away';
  readonly taken: string[] = [];
  take: () => Promise<void> = () => Promise.resolve();
  private tell: (state: EngineState) => void = () => undefined;

  onState(listener: (state: EngineState) => void): void {
    this.tell = listener;
  }

  move(state: EngineState): void {
    this.state = state;
    this.tell(state);
  }

  async insert(_table: string, _format: string, _rows: Buffer, token = ''): Promise<void> {
    await this.take();
    this.taken.push(token);
  }
}

function shipment(number: number, rows = 10): Shipment {
  return { token: `t-${number}`, table: 'tickwire.ticks', format: 'Native', rows, bytes: Buffer.alloc(1000, number) };
}

async function until(is: () => boolean): Promise<void> {
  for (let tries = 0; !is(); tries++) {
    if (tries > 2000) throw new Error('it did not come to be');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Four shipments, most of them in the spill. */
async function waiting(engine: Engine, clock = systemClock): Promise<Shipper> {
  const shipper = new Shipper(
    engine as never,
    new Spill(folder, 1e6, silentLog),
    { bufferBytes: 1500 },
    clock,
    silentLog,
  );
  for (let number = 1; number <= 4; number++) {
    shipper.add(shipment(number));
    await until(() => shipper.waitingBytes <= 1500);
  }
  expect(shipper.spilled).toBeGreaterThan(10);
  return shipper;
}

it('counts as lost what was in a spill file that is gone, and goes on', async () => {
  const engine = new Engine();
  const shipper = await waiting(engine);
  rmSync(folder, { recursive: true });
  engine.move('up');
  await shipper.emptied();
  expect(shipper).toMatchObject({ lost: shipper.spilled, stored: 40 - shipper.spilled, isLosing: true });
  expect(shipper.spill.isEmpty).toBe(true);
  shipper.add(shipment(5));
  await shipper.emptied();
  expect(engine.taken).toContain('t-5');
  await shipper.close(100);
});

it('counts the rows behind a damage of a spill file', async () => {
  const engine = new Engine();
  const shipper = await waiting(engine);
  const [name = ''] = readdirSync(folder);
  writeFileSync(join(folder, name), Buffer.alloc(500, 1));
  engine.move('up');
  await shipper.emptied();
  expect(shipper.lost).toBe(shipper.spilled);
  await shipper.close(100);
});

it('tries again to read a spill file while that fails, and nobody who waits is told', async () => {
  const engine = new Engine();
  const shipper = await waiting(engine);
  const oldest = shipper.spill.oldest.bind(shipper.spill);
  let failures = 0;
  shipper.spill.oldest = () => (failures++ === 0 ? Promise.reject(new Error('EMFILE')) : oldest());
  engine.move('up');
  await shipper.emptied();
  expect(shipper).toMatchObject({ stored: 40, lost: 0 });
  expect(new Set(engine.taken).size).toBe(4);
  expect(failures).toBeGreaterThan(1);
  await shipper.close(100);
});

it('is degraded while an engine that is up does not take rows', async () => {
  const engine = new Engine();
  let elapsed = 0;
  const clock = { ...systemClock, elapsed: () => elapsed };
  const spill = new Spill(folder, 1e6, silentLog);
  const shipper = new Shipper(engine as never, spill, { bufferBytes: 1e6 }, clock, silentLog);
  const health = new HistoryHealth(engine as never, shipper);
  let release: () => void = () => undefined;
  engine.take = () => new Promise((resolve) => (release = resolve));
  engine.move('up');
  shipper.add(shipment(1));
  expect(health.report().state).toBe('up');
  elapsed = 6000;
  expect(health.report().state).toBe('degraded');
  release();
  await shipper.emptied();
  expect(health.report().state).toBe('up');
  engine.take = () => Promise.reject(unavailable('no memory'));
  shipper.add(shipment(2));
  elapsed = 12_001;
  expect(health.report().state).toBe('degraded');
  engine.take = () => Promise.resolve();
  await until(() => shipper.stored === 20);
  expect(health.report().state).toBe('up');
  await shipper.close(100);
});
