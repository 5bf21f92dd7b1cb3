import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HISTORY_ENGINE, type HistoryEngine } from '#history';
import { run } from '../../apps/cli/src/run.js';
import { aProduct, type Product } from '../support/running-server.js';
import { earlyIn } from '../support/vendor-tools.js';

const INDIA_MS = 330 * 60_000;
let folder: string;
let product: Product;

beforeAll(async () => {
  await earlyIn(86_400_000, 40_000, INDIA_MS);
  folder = await mkdtemp(join(tmpdir(), 'tickwire-'));
  product = await aProduct({
    HISTORY: 'embedded',
    HISTORY_DIR: folder,
    ESSENTIAL: 'NSE:RELIANCE,NSE:TCS',
    QUERY_MAX_MS: '20000',
  });
  // a newcomer's first minute, in short
  for (let tries = 0; (await count()) < 20; tries++) {
    if (tries > 400) throw new Error('no ticks were written down');
    await sleep(100);
  }
}, 120_000);

afterAll(async () => {
  await product.stop();
  await rm(folder, { recursive: true });
});

function post(body: object, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> {
  return fetch(`${product.url}/api/v1/query`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    ...(signal && { signal }),
  });
}

async function count(): Promise<number> {
  const response = await post({ sql: 'SELECT count() FROM ticks' });
  if (response.status !== 200) return 0;
  return ((await response.json()) as { rows: number[][] }).rows[0]?.[0] ?? 0;
}

describe('the query route', () => {
  it('answers with columns, rows and statistics', async () => {
    const sql = 'SELECT symbol, count() AS ticks FROM ticks WHERE symbol = {s:String} GROUP BY symbol';
    const response = await post({ sql, params: { s: 'NSE:TCS' } });
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    const body = (await response.json()) as { rows: [string, number][] };
    expect(body).toMatchObject({
      columns: [
        { name: 'symbol', type: 'LowCardinality(String)' },
        { name: 'ticks', type: 'UInt64' },
      ],
      rowCount: 1,
      statistics: { rows_read: expect.any(Number) as number },
    });
    expect(body.rows[0]?.[0]).toBe('NSE:TCS');
  });

  it('takes a GET with its parameters as JSON, and the format asked for', async () => {
    const query = new URLSearchParams({ sql: 'SELECT {a:UInt8} AS a', params: '{"a":7}', format: 'csv' });
    const response = await fetch(`${product.url}/api/v1/query?${query}`);
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(await response.text()).toBe('"a"\n7\n');
    const lines = await post({ sql: 'SELECT 1 AS a' }, { accept: 'application/x-ndjson' });
    expect(await lines.text()).toBe('{"a":1}\n');
    const arrow = await post({ sql: 'SELECT 1 AS a' }, { accept: 'application/vnd.apache.arrow.stream' });
    expect(arrow.headers.get('content-type')).toBe('application/vnd.apache.arrow.stream');
  });

  it.each([
    [{ sql: 'DROP TABLE ticks' }, 400, 'QUERY_INVALID'],
    [{ sql: 'SELECT * FROM system.tables' }, 400, 'QUERY_INVALID'],
    [{ sql: 'SELECT nothing FROM ticks' }, 400, 'QUERY_INVALID'],
    [{ sql: 'SELECT {a:UInt8}' }, 400, 'QUERY_INVALID'],
    [{}, 400, 'INVALID_MESSAGE'],
    [{ sql: 'SELECT 1', format: 'Native' }, 400, 'INVALID_MESSAGE'],
    [{ sql: 'SELECT 1', params: { 'a = 1, readonly': 1 } }, 400, 'INVALID_MESSAGE'],
    [{ sql: 'SELECT 1', params: { a: { b: 1 } } }, 400, 'INVALID_MESSAGE'],
    [{ sql: 'SELECT 1', params: [1] }, 400, 'INVALID_MESSAGE'],
    [{ sql: `SELECT '${'x'.repeat(20_000)}'` }, 400, 'INVALID_MESSAGE'],
  ])('refuses %j', async (body, status, code) => {
    const response = await post(body);
    expect({ status: response.status, code: ((await response.json()) as { code: string }).code }).toEqual({
      status,
      code,
    });
  });

  it('ends the query of a client that leaves', async () => {
    const engine = product.server.app.get<symbol, HistoryEngine>(HISTORY_ENGINE);
    const running = async (): Promise<number> => {
      const sql =
        "SELECT count() AS n FROM system.processes WHERE query LIKE '%`l`%' AND query NOT LIKE '%system.processes%'";
      return Number((await engine.rows<{ n: number }>(sql))[0]?.n);
    };
    const leaving = new AbortController();
    const tables = Array.from('abcdefghijkl', (name) => `ticks ${name}`).join(', ');
    const answer = post({ sql: `SELECT sum(a.price * b.price) FROM ${tables}` }, {}, leaving.signal).catch(
      () => 'left',
    );
    for (let tries = 0; (await running()) === 0; tries++) {
      if (tries > 1000) throw new Error('the query never ran');
      await sleep(20);
    }
    leaving.abort();
    const left = Date.now();
    expect(await answer).toBe('left');
    while ((await running()) > 0) {
      // its own time is 20 s
      expect(Date.now() - left).toBeLessThan(10_000);
      await sleep(20);
    }
  });
});

describe('an answer that nobody takes', () => {
  /** 28 million characters of one row. */
  const x = (times: number, name: string): string => `concat(${Array.from({ length: times }, () => name).join(', ')})`;
  const LARGE = `WITH '${'x'.repeat(3500)}' AS a, ${x(20, 'a')} AS b, ${x(20, 'b')} AS c SELECT ${x(20, 'c')} AS d`;

  it('is held in the place of its query, and no second one of the same client beside it', async () => {
    const body = JSON.stringify({ sql: LARGE });
    const { hostname, port } = new URL(product.url);
    const slow = connect(Number(port), hostname);
    slow.write(
      `POST /api/v1/query HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    const head = await new Promise<string>((resolve) => {
      slow.once('data', (chunk) => {
        slow.pause();
        resolve(chunk.toString('latin1'));
      });
    });
    expect(head).toContain('200 OK');
    expect((await post({ sql: 'SELECT 1' })).status).toBe(429);
    slow.destroy();
    for (let tries = 0; (await post({ sql: 'SELECT 1' })).status !== 200; tries++) {
      expect(tries).toBeLessThan(1000);
      await sleep(20);
    }
  });
});

describe("today's ticks of a running server", () => {
  it('are replayed by another, which asks it', async () => {
    let out = '';
    let err = '';
    let stop: () => void = () => undefined;
    const interrupted = new Promise<void>((resolve) => (stop = resolve));
    const code = await run(['replay', '--date', 'today', '--speed', 'max', '--port', '0', '--server', product.url], {
      env: {},
      now: Date.now(),
      stdin: () => Promise.resolve(''),
      interrupted: () => interrupted,
      out: (text) => {
        out += text;
        if (out.includes('is over')) stop();
      },
      err: (text) => void (err += text),
    });
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(Number(/over: (\d+) ticks/.exec(out)?.[1])).toBeGreaterThanOrEqual(20);
  });
});
