import { Cluster } from 'ioredis';
import type { RedisConnection } from './redis-connection.js';

/** Oldest Redis that will do: sharded channels came with it, and XADD with MINID with 6.2. */
const OLDEST = [7, 0] as const;

/** What is wrong with the version of Redis, or of a master of a Cluster; undefined when nothing is, and when it does not say. Never rejects. */
export async function tooOld({ commands }: RedisConnection): Promise<string | undefined> {
  const servers = commands instanceof Cluster ? commands.nodes('master') : [commands];
  // an account may not be allowed to ask
  const answers = await Promise.all(servers.map((server) => server.info('server').catch(() => '')));
  for (const text of answers) {
    const version = /^redis_version:((\d+)\.(\d+)\S*)/m.exec(text);
    if (version !== null && isOlder(Number(version[2]), Number(version[3])))
      return `Redis ${version[1]} is too old: ${OLDEST.join('.')} or later is needed`;
  }
  return undefined;
}

function isOlder(major: number, minor: number): boolean {
  const [oldestMajor, oldestMinor] = OLDEST;
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}
