import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { silentLog } from '#domain';
import { Spill } from '../../libs/history/src/writer/spill.js';
import { aFolder } from '../support/a-history.js';

const MEBIBYTE = 1_048_576;
let folder: Awaited<ReturnType<typeof aFolder>>;
let isMounted = false;

beforeEach(async () => {
  folder = await aFolder();
  isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder.path]).status === 0;
});

afterEach(async () => {
  if (isMounted) spawnSync('umount', [folder.path]);
  await folder.remove();
});

function shipment(number: number, bytes: number): Parameters<Spill['keep']>[0] {
  return {
    token: `t-${number}`,
    table: 'tickwire.ticks',
    format: 'Native',
    rows: 1,
    bytes: Buffer.alloc(bytes, number),
  };
}

it('refuses what a full disk cannot hold, keeps what it has, and goes on when there is room', async ({ skip }) => {
  if (!isMounted) skip('needs the right to mount a small file system');
  const spill = new Spill(folder.path, 100 * MEBIBYTE, silentLog);
  const kept: number[] = [];
  for (let number = 1; number <= 5; number++) if (await spill.keep(shipment(number, 0.6 * MEBIBYTE))) kept.push(number);
  expect(kept).toEqual([1, 2, 3]);
  for (const number of kept) {
    expect(await spill.oldest()).toEqual(shipment(number, 0.6 * MEBIBYTE));
    await spill.done();
  }
  expect(spill.isEmpty).toBe(true);
  expect(await spill.keep(shipment(6, 1000))).toBe(true);
  expect(await spill.oldest()).toMatchObject({ token: 't-6' });
  await spill.close();
});

it('keeps no more bytes than it may', async () => {
  const spill = new Spill(folder.path, 10_000, silentLog);
  expect([await spill.keep(shipment(1, 6000)), await spill.keep(shipment(2, 6000))]).toEqual([true, false]);
  await spill.close();
});
