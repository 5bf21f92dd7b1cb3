import type { Cluster, Redis } from 'ioredis';
import type { RedisConnection } from '#redis';

/** A command and its arguments. */
export type Command = readonly [name: string, ...args: (string | number)[]];

const SCAN_COUNT = 1000;

/**
 * Sends many commands at once.
 * @returns in the same order an answer, or the Error that was answered
 * @throws Error when Redis is away
 */
export async function sendAll(redis: RedisConnection, commands: readonly Command[]): Promise<unknown[]> {
  const client = redis.commands;
  // the keys of a Cluster's pipeline would have to live on one node
  if (redis.isCluster)
    return await Promise.all(
      commands.map(([name, ...args]) => client.call(name, ...args).catch((error: Error) => error)),
    );
  const answers = await client.pipeline(commands.map((command) => [...command])).exec();
  return (answers ?? []).map(([error, answer]) => error ?? answer);
}

/**
 * Deletes every key that matches, on all nodes.
 * @param pattern a glob, as SCAN takes it
 * @returns how many there were
 * @throws Error when Redis is away, or refuses any
 */
export async function deleteMatching(redis: RedisConnection, pattern: string): Promise<number> {
  const { commands } = redis;
  const nodes = redis.isCluster ? (commands as Cluster).nodes('master') : [commands as Redis];
  let deleted = 0;
  for (const node of nodes) {
    for await (const keys of node.scanStream({ match: pattern, count: SCAN_COUNT }) as AsyncIterable<string[]>) {
      if (keys.length === 0) continue;
      const answers = await node.pipeline(keys.map((key) => ['unlink', key])).exec();
      for (const [error, count] of answers ?? []) {
        if (error !== null) throw error;
        deleted += Number(count);
      }
    }
  }
  return deleted;
}
