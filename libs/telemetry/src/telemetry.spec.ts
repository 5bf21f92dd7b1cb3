import { describe, expect, it } from 'vitest';
import { pinoLog } from './pino-log.js';
import { PromMeter } from './prom-meter.js';

describe('the meter', () => {
  it('exports counters by label, totals and gauges read when asked', async () => {
    const meter = new PromMeter();
    meter.counter('ticks_total', 'help', { vendor: 'a' }).add(2);
    meter.counter('ticks_total', 'help', { vendor: 'b' }).add();
    meter.counter('ticks_total', 'help', { vendor: 'a' }).add();
    let clients = 1;
    meter.gauge('clients', 'help', () => clients);
    meter.total('seen_total', 'help', () => clients * 10);
    await meter.text();
    clients = 5;
    const text = await meter.text();
    for (const line of ['ticks_total{vendor="a"} 3', 'ticks_total{vendor="b"} 1', 'clients 5', 'seen_total 50']) {
      expect(text).toContain(`\ntickwire_${line}\n`);
    }
  });

  it('exports histograms', async () => {
    const meter = new PromMeter();
    meter.histogram('encode_seconds', 'help', [0.1, 1]).observe(0.5);
    expect(await meter.text()).toContain('tickwire_encode_seconds_bucket{le="1"} 1');
  });
});

it('keeps secrets out of the log, at any depth they come in', () => {
  const lines: string[] = [];
  const log = pinoLog('info', { write: (line: string) => void lines.push(line) });
  log.info(
    {
      token: 's3cret',
      headers: { authorization: 's3cret', 'x-api-key': 's3cret', cookie: 's3cret' },
      a: { b: { password: 's3cret' } },
      feed: 'json',
    },
    'hello',
  );
  log.debug({}, 'not at this level');
  expect(lines).toHaveLength(1);
  expect(lines[0]).not.toContain('s3cret');
  expect(JSON.parse(lines[0]!)).toMatchObject({ feed: 'json', msg: 'hello', token: '[redacted]' });
});
