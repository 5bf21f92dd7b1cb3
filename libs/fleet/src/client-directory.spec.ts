import { expect, it } from 'vitest';
import type { RedisConnection } from '#redis';
import type { Client, Hub } from '#subscription';
import { ManualClock } from '../../../test/support/manual-clock.js';
import { ClientDirectory } from './client-directory.js';
import { OutsideKeys } from './outside-keys.js';

it('remembers nobody who came and went while Redis was away', async () => {
  const clock = new ManualClock();
  const clients = new Map<string, Client>();
  let changed: (client: Client) => void = () => undefined;
  const hub = { clients, subscriptions: { onChange: (listener: typeof changed) => void (changed = listener) } };
  const sent: string[][] = [];
  const redis = {
    isUp: false,
    isCluster: false,
    onChange: () => undefined,
    commands: { pipeline: (commands: string[][]) => ({ exec: () => Promise.resolve(sent.push(...commands)) }) },
  };
  const directory = new ClientDirectory(
    redis as unknown as RedisConnection,
    new OutsideKeys(''),
    hub as unknown as Hub,
    'n',
    clock,
  );
  directory.start();
  const come = (id: string): Client => {
    const client = { id, closed: false, subscriptions: new Map([['NSE:A', { options: {} }]]) } as unknown as Client;
    clients.set(id, client);
    changed(client);
    return client;
  };
  const go = (client: Client): void => {
    client.closed = true;
    clients.delete(client.id);
    client.subscriptions.clear();
    changed(client);
  };
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  for (let n = 0; n < 1000; n++) go(come(`gone${n}`));
  expect(directory.noted).toBe(0);
  const stays = come('stays');
  redis.isUp = true;
  clock.advance(1000);
  await settle();
  expect(sent.map(([command, key]) => [command, key])).toEqual([
    ['set', 'client:subscription:stays'],
    ['pexpire', 'client:subscription:stays'],
  ]);
  redis.isUp = false;
  go(stays);
  expect(directory.noted).toBe(1);
  redis.isUp = true;
  clock.advance(1000);
  await settle();
  expect(sent.at(-1)).toEqual(['del', 'client:subscription:stays']);
  expect(directory.noted).toBe(0);
});
