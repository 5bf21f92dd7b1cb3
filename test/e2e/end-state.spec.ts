import { io, type Socket } from 'socket.io-client';
import { unpack } from 'msgpackr';
import { expect, it } from 'vitest';
import { CompactReader } from '#compression';
import { type Quote, quoteOf } from '#domain';
import { anInstrument } from '../support/instruments.js';
import { applyDelta } from '../support/apply-delta.js';
import type { Received } from '../support/recording-wire.js';
import { RawClient } from '../support/raw-client.js';
import { aProduct, type Product } from '../support/running-server.js';
import { until } from '../support/vendor-tools.js';

const SYMBOLS = ['NSE:RELIANCE', 'NSE:TCS', 'NSE:INFY', 'NSE:SBIN', 'BSE:500325', 'NSE:ITC'];

interface Item {
  readonly symbol: string;
  readonly seq: number;
  readonly data: object;
}

/** What a client of the contract believes: it applies what it is sent, and insists on the sequence. */
class Believer {
  readonly quotes = new Map<string, object>();
  private readonly sequences = new Map<string, number>();

  take(type: string, message: Record<string, unknown>): void {
    if (type === 'batch_update')
      for (const item of message['updates'] as Item[]) this.update(item, message['compression']);
    else if (type === 'price_update') this.update(message as unknown as Item, message['compression']);
    else if (type === 'snapshot') this.set(message as unknown as Item, {});
  }

  private update(item: Item, compression: unknown): void {
    expect(item.seq).toBe((this.sequences.get(item.symbol) ?? NaN) + 1);
    this.set(item, compression === 'delta' ? this.quotes.get(item.symbol)! : {});
  }

  private set({ symbol, seq, data }: Item, before: object): void {
    this.sequences.set(symbol, seq);
    this.quotes.set(symbol, applyDelta(before, data));
  }
}

const OPTIONS = [
  { compression: 'none', batch: false },
  { compression: 'none', batch: true },
  { compression: 'delta', batch: false },
  { compression: 'delta', batch: true },
];

function socketIoClients(product: Product): [string, Believer, () => void][] {
  return ['json', 'msgpack'].flatMap((format) =>
    OPTIONS.map((options): [string, Believer, () => void] => {
      const believer = new Believer();
      const socket: Socket = io(product.url, { transports: ['websocket'], forceNew: true, query: { format } });
      socket.onAny((type: string, payload: unknown) => {
        believer.take(type, (Buffer.isBuffer(payload) ? unpack(payload) : payload) as Record<string, unknown>);
      });
      socket.emit('subscribe', { symbols: SYMBOLS, ...options });
      return [`Socket.IO ${format} ${JSON.stringify(options)}`, believer, () => socket.disconnect()];
    }),
  );
}

async function rawClients(product: Product): Promise<[string, Believer, () => void][]> {
  const made: [string, Believer, () => void][] = [];
  for (const format of ['json', 'msgpack']) {
    for (const options of OPTIONS) {
      const believer = new Believer();
      const client = await RawClient.connect(`${product.wsUrl}?format=${format}`);
      client.socket.on('message', (data: Buffer, isBinary) => {
        const message = (isBinary ? unpack(data) : JSON.parse(data.toString())) as Received;
        believer.take(message.type, message);
      });
      client.send({ action: 'subscribe', symbols: SYMBOLS, ...options });
      made.push([`WebSocket ${format} ${JSON.stringify(options)}`, believer, () => client.close()]);
    }
  }
  const compact = new Believer();
  const reader = new CompactReader((quote) => {
    const instrument = anInstrument({ id: quote.symbol, name: quote.companyName });
    compact.quotes.set(quote.symbol, quoteOf(instrument, quote.values, quote.source));
  });
  const client = await RawClient.connect(`${product.wsUrl}?format=compact`);
  client.socket.on('message', (data: Buffer, isBinary) => isBinary && reader.read(data));
  client.send({ action: 'subscribe', symbols: SYMBOLS });
  made.push(['WebSocket compact', compact, () => client.close()]);
  return made;
}

it('every client of every kind ends with exactly the quotes the server has', async () => {
  const product = await aProduct({ CONFLATION_MS: '10' }, { SANDBOX_TICKS_PER_SECOND: '50' });
  const clients = [...socketIoClients(product), ...(await rawClients(product))];
  try {
    await until('many updates', () => product.hub.counts.updates > 10_000, 60_000);
    product.sandbox.market.stop();
    // whatever is on its way has arrived when all agree; they never do if one is wrong
    const differing = (): string[] =>
      clients
        .filter(([, { quotes }]) => SYMBOLS.some((symbol) => !same(quotes.get(symbol), product.quote(symbol))))
        .map(([name]) => name);
    await until(`agreement of ${clients.length} clients`, () => differing().length === 0).catch(() =>
      expect(differing()).toEqual([]),
    );
    for (const [name, { quotes }] of clients) {
      for (const symbol of SYMBOLS) expect([name, quotes.get(symbol)]).toEqual([name, product.quote(symbol)]);
    }
  } finally {
    for (const [, , close] of clients) close();
    await product.stop();
  }
}, 120_000);

function same(a: object | undefined, b: Quote | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  const sorted = (value: object): string =>
    JSON.stringify(Object.entries(value).toSorted(([x], [y]) => x.localeCompare(y)));
  return sorted(a) === sorted(b);
}
