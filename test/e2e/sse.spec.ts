import type { Server as HttpServer } from 'node:http';
import { connect as tcpConnect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { EventSource } from 'undici';
import type { Received } from '../support/recording-wire.js';
import { aProduct, type Product } from '../support/running-server.js';
import { until } from '../support/vendor-tools.js';

const TYPES = ['connected', 'subscribed', 'snapshot', 'price_update', 'status', 'slow', 'draining', 'error'];

let product: Product;
const streams: Stream[] = [];

afterEach(() => {
  for (const stream of streams.splice(0)) stream.source.close();
});

interface Message {
  readonly data: unknown;
  readonly lastEventId: string;
}

/** A stock EventSource that keeps what it is told. */
class Stream {
  readonly events: (Received & { lastEventId: string })[] = [];
  opened = 0;

  constructor(readonly source: EventSource) {
    source.addEventListener('open', () => this.opened++);
    for (const type of TYPES) source.addEventListener(type, (event) => this.keep(type, event as unknown as Message));
  }

  of(type: string, symbol?: string): Received[] {
    return this.events.filter((event) => event.type === type && (symbol === undefined || event['symbol'] === symbol));
  }

  async first(type: string): Promise<Received> {
    await until(type, () => this.of(type).length > 0);
    return this.of(type)[0] as Received;
  }

  private keep(type: string, { data, lastEventId }: Message): void {
    // EventSource calls its own connection errors `error` too, without data
    if (typeof data !== 'string') return;
    const message = JSON.parse(data) as Received;
    expect(message.type).toBe(type);
    this.events.push({ ...message, lastEventId });
  }
}

function open(query: string): Stream {
  const stream = new Stream(new EventSource(`${product.url}/api/v1/stream?${query}`));
  streams.push(stream);
  return stream;
}

/** The text of a stream that somebody reads by hand. */
async function readText(query: string, headers: Record<string, string> = {}): Promise<{ text: string; stop(): void }> {
  const gone = new AbortController();
  const response = await fetch(`${product.url}/api/v1/stream?${query}`, { headers, signal: gone.signal });
  const reading = { text: '', stop: () => gone.abort() };
  const decoder = new TextDecoder();
  void (async () => {
    for await (const chunk of response.body as ReadableStream<Uint8Array>) reading.text += decoder.decode(chunk);
  })().catch(() => undefined);
  return reading;
}

describe('an event stream', () => {
  beforeAll(async () => {
    product = await aProduct();
  });
  afterAll(() => product.stop());

  it('greets, names what is refused, and sends a snapshot, then every change in sequence', async () => {
    const stream = open('symbols=NSE:TCS,NSE:NOPE');
    expect(await stream.first('connected')).toMatchObject({ version: 1, epoch: product.hub.epoch });
    expect(await stream.first('subscribed')).toMatchObject({
      symbols: ['NSE:TCS'],
      rejected: [{ symbol: 'NSE:NOPE', code: 'INVALID_SYMBOL' }],
    });
    const snapshot = await stream.first('snapshot');
    expect(snapshot).toMatchObject({ symbol: 'NSE:TCS', data: { companyName: 'Tata Consultancy Services Limited' } });
    await until('ten updates', () => stream.of('price_update').length >= 10);
    const sequences = stream.of('price_update').map(({ seq }) => seq);
    expect(sequences).toEqual(sequences.map((_, i) => Number(snapshot['seq']) + 1 + i));
  });

  it('sends what the options ask for', async () => {
    const started = performance.now();
    const delta = open('symbols=NSE:TCS&compression=delta');
    const fields = open('symbols=NSE:TCS&fields=price,volume');
    const ltp = open('symbols=NSE:TCS&mode=ltp');
    const rare = open('symbols=NSE:TCS&maxFrequency=0.5');
    expect((await delta.first('price_update'))['data']).not.toHaveProperty('companyName');
    const keys = Object.keys((await fields.first('price_update'))['data'] as object);
    expect(keys.toSorted()).toEqual(['price', 'stale', 'symbol', 'volume']);
    expect((await ltp.first('price_update'))['data']).not.toHaveProperty('volume');
    await until('many updates', () => delta.of('price_update').length > 15);
    // one every two seconds, and one more that may come at once
    expect(rare.of('price_update').length).toBeLessThanOrEqual(2 + (performance.now() - started) / 2000);
  });

  it('goes on where it was when the connection breaks: each missed change once, no snapshot', async () => {
    const stream = open('symbols=NSE:TCS,NSE:INFY');
    await until('updates', () => stream.of('price_update').length > 5);
    (product.server.app.getHttpServer() as HttpServer).closeAllConnections();
    await until('the return', () => stream.opened === 2);
    const returned = stream.events.length;
    await until('more updates', () => stream.events.length > returned + 20);
    for (const symbol of ['NSE:TCS', 'NSE:INFY']) {
      expect(stream.of('snapshot', symbol)).toHaveLength(1);
      const sequences = stream.of('price_update', symbol).map(({ seq }) => Number(seq));
      expect(sequences).toEqual(sequences.map((_, i) => sequences[0]! + i));
    }
  });

  it.each([
    ['symbols=', 400, 'INVALID_MESSAGE', /at least 1/],
    ['', 400, 'INVALID_MESSAGE', /comma-separated/],
    ['symbols=NSE:TCS&mode=everything', 400, 'INVALID_MESSAGE', /mode/],
    ['symbols=NSE:TCS&compression=zip', 400, 'INVALID_MESSAGE', /compression/],
    ['symbols=NSE:TCS&fields=prize', 400, 'INVALID_MESSAGE', /prize/],
    ['symbols=NSE:TCS&maxFrequency=often', 400, 'INVALID_MESSAGE', /maxFrequency/],
    ['symbols=NSE:NOPE', 404, 'INVALID_SYMBOL', /NSE:NOPE/],
    [`symbols=${'NSE:TCS,'.repeat(501)}`, 400, 'INVALID_MESSAGE', /500/],
  ])('answers a wrong request with a problem document: %s', async (query, status, code, detail) => {
    const { status: given, headers, body } = await product.get(`/api/v1/stream?${query}`);
    expect({ status: given, code: body['code'] }).toEqual({ status, code });
    expect(headers.get('content-type')).toContain('application/problem+json');
    expect(body['detail']).toMatch(detail);
    await until('nobody', () => product.hub.clients.size === 0);
  });

  it('sends a client that is where the market is nothing, and one with a wrong position a snapshot', async () => {
    const stream = open('symbols=NSE:TCS');
    await stream.first('price_update');
    product.sandbox.market.stop();
    await until(
      'silence',
      () => stream.events.at(-1)?.['seq'] === product.hub.subscriptions.of(1)?.[0]?.state.sequence,
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    const { lastEventId } = stream.events.at(-1)!;
    const there = await readText('symbols=NSE:TCS', { 'Last-Event-ID': lastEventId });
    const lost = await readText('symbols=NSE:TCS', { 'Last-Event-ID': `x${lastEventId}` });
    const others = await readText('symbols=NSE:TCS,NSE:INFY', { 'Last-Event-ID': lastEventId });
    await until('snapshots', () => lost.text.includes('event: snapshot') && others.text.includes('event: snapshot'));
    await until('the subscription', () => there.text.includes('event: subscribed'));
    expect(there.text).not.toContain('event: snapshot');
    for (const reading of [there, lost, others]) reading.stop();
  });
});

describe('at its limits, an event stream', () => {
  afterEach(() => product.stop());

  it('counts as a connection, and gives the place back when the client goes', async () => {
    product = await aProduct({ MAX_CONNECTIONS: '1' });
    const stream = open('symbols=NSE:TCS');
    await stream.first('snapshot');
    expect((await product.get('/api/v1/stream?symbols=NSE:TCS')).body).toMatchObject({ code: 'CONNECTION_LIMIT' });
    stream.source.close();
    await until('room', () => product.hub.clients.size === 0);
    expect((await fetch(`${product.url}/api/v1/stream?symbols=NSE:TCS`, { method: 'HEAD' })).status).toBe(200);
    expect(product.hub.clients.size).toBe(0);
    await open('symbols=NSE:TCS').first('snapshot');
  });

  it('beats while the market is silent, so that no proxy takes it for dead', async () => {
    product = await aProduct({ HEARTBEAT_MS: '1000' });
    const reading = await readText('symbols=NSE:TCS');
    await until('a snapshot', () => reading.text.includes('event: snapshot'));
    expect(reading.text).toMatch(/^retry: \d+\n\n/);
    product.sandbox.market.stop();
    await until('a heartbeat', () => reading.text.endsWith('\n\n:\n\n'));
    reading.stop();
  });

  it('conflates a reader that stops, and ends it when it does not come back, while others see every change', async () => {
    product = await aProduct(
      { PROBE_MS: '100', SLOW_AFTER_MS: '300', SLOW_DISCONNECT_MS: '1000', VENDORS: 'json' },
      { SANDBOX_SYNTHETIC: '400', SANDBOX_TICKS_PER_SECOND: '30' },
    );
    const reader = open('symbols=NSE:TCS&compression=delta');
    await reader.first('snapshot');
    const symbols = [...product.sandbox.market.listings.keys()].slice(-400);
    const { hostname, port } = new URL(product.url);
    const stopped = tcpConnect(Number(port), hostname);
    stopped.on('error', () => undefined);
    stopped.pause();
    stopped.write(`GET /api/v1/stream?symbols=${symbols.join(',')} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await until('lateness', () => product.hub.counts.dropped > 0);
    await until('updates of the other', () => reader.of('price_update').length > 10);
    await until('its end', () => product.hub.clients.size === 1);
    expect(product.hub.counts.slowDisconnects).toBe(1);
    stopped.destroy();
    const sequences = reader.of('price_update').map(({ seq }) => Number(seq));
    expect(sequences).toEqual(sequences.map((_, i) => sequences[0]! + i));
  });

  it('says goodbye before the server leaves, with the time to come back, and ends', async () => {
    product = await aProduct({ DRAIN_GRACE_MS: '2000' });
    const reading = await readText('symbols=NSE:TCS');
    await until('a snapshot', () => reading.text.includes('event: snapshot'));
    const stopping = product.server.stop();
    const refused = await product.get('/api/v1/stream?symbols=NSE:TCS');
    expect(refused).toMatchObject({ status: 503, body: { code: 'SERVER_DRAINING' } });
    await stopping;
    const goodbye = /event: draining\nretry: (\d+)\ndata: .*"reconnectAfter":(\d+)\}\n\n/;
    await until('the goodbye', () => goodbye.test(reading.text));
    const [, retry, reconnectAfter] = goodbye.exec(reading.text) ?? [];
    expect(retry).toBe(reconnectAfter);
    expect(reading.text).not.toContain('event: error');
  });
});
