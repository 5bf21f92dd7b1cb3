/** Path of a redis-server on PATH; undefined when there is none. */
export function findRedis(): string | undefined;
