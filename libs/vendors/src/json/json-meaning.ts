import type { FrameSignal } from '../transports/ws-feed.js';
import { compileCondition, compiled } from './json-mapper.js';
import type { JsonMapping } from './json-mapping.js';

type Meaning = Extract<FrameSignal, { kind: 'ready' | 'fatal' | 'cooldown' }>;

/**
 * What a frame without ticks means, by the mapping's conditions. A list is looked at item by item.
 * @throws ConfigError if a path cannot be read
 */
export function compileMeaning({
  ready,
  fatal,
  cooldown,
}: Pick<JsonMapping, 'ready' | 'fatal' | 'cooldown'>): (frame: unknown) => Meaning | undefined {
  const isReady = ready && compiled('ready', () => compileCondition(ready.when));
  const isFatal = fatal.map((condition, i) => compiled(`fatal.${i}`, () => compileCondition(condition)));
  const cools = cooldown.map((condition, i) => ({
    ms: condition.ms,
    test: compiled(`cooldown.${i}`, () => compileCondition(condition)),
  }));
  return (frame) => {
    for (const record of Array.isArray(frame) ? (frame as unknown[]) : [frame]) {
      const reason = `the vendor said ${JSON.stringify(record)?.slice(0, 120)}`;
      if (isFatal.some((test) => test(record))) return { kind: 'fatal', reason };
      const cool = cools.find(({ test }) => test(record));
      if (cool !== undefined) return { kind: 'cooldown', ms: cool.ms, reason };
      if (isReady?.(record)) return { kind: 'ready' };
    }
    return undefined;
  };
}
