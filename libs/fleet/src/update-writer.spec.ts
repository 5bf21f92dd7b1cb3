import { expect, it } from 'vitest';
import { QuoteState } from '#cache';
import { anInstrument } from '../../../test/support/instruments.js';
import { ManualClock } from '../../../test/support/manual-clock.js';
import type { ShardRecords } from './publish-scripts.js';
import { UpdateWriter } from './update-writer.js';

const RETRY_MS = 250;

function aQuote(id: string): QuoteState {
  const state = new QuoteState(anInstrument({ id }), 1);
  state.sequence = 1;
  return state;
}

/** A writer of shards 0 and 1, whose messages are answered by hand. */
function aWriter() {
  const clock = new ManualClock();
  const sent: number[][] = [];
  let answer: (refused: ReadonlySet<number> | undefined) => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const writer = new UpdateWriter([0, 1], {
    clock,
    statusOf: () => 'live',
    maySend: () => true,
    send(parts: readonly ShardRecords[]) {
      sent.push(parts.map(({ shard }) => shard));
      return new Promise((resolve, reject) => {
        answer = resolve;
        fail = reject;
      });
    },
    all: () => [],
  });
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    clock,
    sent,
    writer,
    async taken(...refused: number[]): Promise<void> {
      answer(new Set(refused));
      await settle();
    },
    async failed(): Promise<void> {
      fail(new Error('timeout'));
      await settle();
    },
  };
}

it('lets no shard wait behind one that always has more than a message takes', async () => {
  const { writer, sent, taken } = aWriter();
  const busy = Array.from({ length: 1200 }, (_, i) => aQuote(`NSE:B${i}`));
  const markBusy = (): void => busy.forEach((state) => writer.mark(state, 0));
  markBusy();
  writer.mark(aQuote('NSE:Q1'), 1);
  writer.flush();
  markBusy();
  await taken();
  expect(sent).toEqual([[0], [1, 0]]);
});

it('sends what a shard has refused again, with what has moved since, and the other shards meanwhile', async () => {
  const { clock, writer, sent, taken } = aWriter();
  const [a, b] = [aQuote('NSE:A1'), aQuote('NSE:B1')];
  writer.mark(a, 0);
  writer.mark(b, 1);
  writer.flush();
  await taken(0);
  writer.mark(b, 1);
  writer.flush();
  await taken();
  expect(sent).toEqual([[0, 1], [1]]);
  clock.advance(RETRY_MS);
  expect(sent.at(-1)).toEqual([0]);
  expect(writer.failing(RETRY_MS - 1)).toEqual([0]);
  await taken();
  expect(writer.failing(0)).toEqual([]);
});

it('rests all shards of a message of which nothing is known, and forgets them when it is stopped', async () => {
  const { clock, writer, sent, failed } = aWriter();
  writer.mark(aQuote('NSE:A1'), 0);
  writer.flush();
  await failed();
  writer.flush();
  expect(sent).toHaveLength(1);
  writer.stop();
  expect(clock.pending).toBe(0);
  writer.flush();
  expect(sent).toHaveLength(1);
});
