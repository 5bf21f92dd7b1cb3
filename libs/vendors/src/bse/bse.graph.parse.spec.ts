import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SourceFailedError, type Tick, VendorFrameError } from '#domain';
import { anInstrument } from '../../../../test/support/instruments.js';
import { parseGraph } from './bse.graph.parse.js';
import { NoQuoteError } from './no-quote.error.js';

const reliance = anInstrument({ id: 'BSE:500325', bseCode: '500325' });
const fixture = readFileSync(new URL('./fixtures/graph.json', import.meta.url), 'utf8');
const NOW = Date.UTC(2023, 9, 11, 10, 5);
const parse = (body: string): Tick => parseGraph({ status: 200, headers: {}, body }, reliance, NOW);
const graph = (Data: unknown, more: object = {}): string => JSON.stringify({ CurrVal: '2345.00', Data, ...more });
const point = (time: string, price: string): object => ({ dttm: `Wed Oct 11 2023 ${time}`, vale1: price, vole: '1' });

it('reads the last point of the list that stands in a text', () => {
  expect(parse(fixture)).toMatchObject({
    instrument: 'BSE:500325',
    vendor: 'bse',
    price: 2345,
    previousClose: 2308.55,
    eventTime: Date.UTC(2023, 9, 11, 9, 59),
    eventTimeStep: 60_000,
    receivedAt: NOW,
    volume: undefined,
  });
});

describe('the last point', () => {
  it('is the one whose time is latest, wherever it stands', () => {
    const points = [point('09:17:00', '3'), point('15:01:00', '5'), point('09:15:00', '1')];
    expect(parse(graph(JSON.stringify(points)))).toMatchObject({ price: 5 });
    expect(parse(graph(points))).toMatchObject({ price: 5 });
  });

  it('is one that has a price and a time, not in the future', () => {
    const points = [point('09:15:00', '1'), point('15:00:00', '0.00'), point('25:00:00', '7'), point('18:00:00', '8')];
    expect(parse(graph([...points, null, 'x', { dttm: 1 }]))).toMatchObject({ price: 1 });
  });
});

it('finds the previous close under either key', () => {
  expect(parse(graph([point('09:15:00', '1')], { PrvClose: '2,308.55' }))).toMatchObject({ previousClose: 2308.55 });
});

it.each(['', 'null', '{}', graph(''), graph('[]'), graph(undefined), graph(null), graph([])])(
  '%j has no quote',
  (body) => {
    expect(() => parse(body)).toThrow(NoQuoteError);
  },
);

it.each(['<html>', '[1]', graph('{"a":1}'), graph('[{'), graph(5)])('refuses %j', (body) => {
  expect(() => parse(body)).toThrow(VendorFrameError);
});

it('survives anything: a price above zero, or an error', () => {
  const points = fc.array(
    fc.dictionary(fc.constantFrom('dttm', 'vale1'), fc.oneof(fc.jsonValue(), fc.constant('Wed Oct 11 2023 09:15:00'))),
  );
  const data = fc.oneof(
    fc.jsonValue(),
    points,
    points.map((list) => JSON.stringify(list)),
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        data.map((value) => graph(value)),
      ),
      (body) => {
        try {
          expect(parse(body).price).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(SourceFailedError);
        }
      },
    ),
  );
});
