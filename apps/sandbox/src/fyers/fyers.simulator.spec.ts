import { once } from 'node:events';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { readEnv } from '#domain';
import { ManualClock } from '../../../../test/support/manual-clock.js';
import { until } from '../../../../test/support/vendor-tools.js';
import { type Sandbox, startSandbox } from '../sandbox.js';
import { SandboxEnv } from '../sandbox.env.js';
import { mintToken, REFUSED_KEY, SANDBOX_KEY } from './fyers.credentials.js';
import { channelsIn, parseHsmRequest, topicsIn } from './hsm-request.js';

const INVENTED = 250;

let sandbox: Sandbox;
let clock: ManualClock;
let sockets: WebSocket[];

beforeEach(async () => {
  clock = new ManualClock();
  sockets = [];
  const env = { SANDBOX_PORT: '0', SANDBOX_TICKS_PER_SECOND: '20', SANDBOX_SYNTHETIC: String(INVENTED) };
  sandbox = await startSandbox(readEnv(SandboxEnv, env), clock);
});

afterEach(async () => {
  for (const socket of sockets) socket.terminate();
  await sandbox.close();
});

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');
const field = (id: number, content: Buffer): Buffer => Buffer.concat([Buffer.of(id, 0, content.length), content]);
const auth = (key: string): Buffer =>
  Buffer.concat([bytes('0000 01 04'), field(1, Buffer.from(key)), bytes('02 0001 50 03 0001 01 04 0001 58')]);
const topicRequest = (type: number, topics: readonly string[]): Buffer => {
  const list = Buffer.concat([
    Buffer.of(topics.length >> 8, topics.length & 255),
    ...topics.flatMap((topic) => [Buffer.of(topic.length), Buffer.from(topic)]),
  ]);
  const head = Buffer.of(0xff, 0xff, type, 2, 1, list.length >> 8, list.length & 255);
  return Buffer.concat([head, list, bytes('02 0001 0b')]);
};
const CHANNEL_11 = '01 0008 0000000000000800';
const TCS = 'sf|bse_cm|532540';
const nse = (first: number, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `sf|nse_cm|${1000 + first + i}`);

/** A client of the vendor's protocol that keeps what it is told, as hexadecimal digits without the length. */
class Client {
  readonly frames: string[] = [];
  closedWith: number | undefined;

  private constructor(private readonly socket: WebSocket) {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('close', (code) => (this.closedWith = code));
    socket.on('message', (data: Buffer) => this.frames.push(data.toString('hex', 2)));
  }

  static async connect(key = SANDBOX_KEY): Promise<Client> {
    const client = new Client(new WebSocket(sandbox.settings['FYERS_URL'] as string));
    await once(client.socket, 'open');
    if (key === '') return client;
    client.send(auth(key));
    await until('the answer', () => client.frames.length > 0);
    return client;
  }

  send(message: Buffer | string): void {
    this.socket.send(message);
  }

  /** Everything sent so far is here: an unsubscription of nothing has been answered. */
  async settle(): Promise<string[]> {
    const answers = (): number => this.frames.filter((frame) => frame.startsWith('05')).length;
    const before = answers();
    this.send(topicRequest(5, []));
    await until('the answer', () => answers() > before);
    return this.frames.splice(0);
  }
}

/** Data messages: kinds of their entries cannot be told without reading them, but that of the first can. */
const data = (frames: readonly string[], kind: 'S' | 'U' | 'L'): string[] =>
  frames.filter((frame) => frame.startsWith('06') && frame.slice(14, 16) === Buffer.from(kind).toString('hex'));

describe('the stream', () => {
  it('accepts any key but the refused one, which it closes on', async () => {
    const accepted = await Client.connect('HSMKEY123');
    expect(accepted.frames[0]).toMatch(/^01030100014b0200040000000203/);
    const refused = await Client.connect(REFUSED_KEY);
    expect(refused.frames).toEqual(['01010100014e']);
    await until('the end', () => refused.closedWith === 1000);
  });

  it('refuses what comes before the key', async () => {
    const client = await Client.connect('');
    client.send(topicRequest(4, [TCS]));
    await until('the refusal', () => client.frames.length > 0);
    expect(client.frames).toEqual(['04010100014e']);
  });

  it('sends a snapshot of each topic first, again when it is asked for again, and then what changes', async () => {
    const client = await Client.connect();
    client.send(topicRequest(4, [TCS]));
    expect(data(await client.settle(), 'S')).toHaveLength(1);
    clock.advance(2000);
    const later = await client.settle();
    expect(data(later, 'S')).toHaveLength(0);
    expect(data(later, 'U').length).toBeGreaterThan(5);
    client.send(topicRequest(4, [TCS]));
    expect(data(await client.settle(), 'S')).toHaveLength(1);
    client.send(topicRequest(9, [TCS]));
    expect(data(await client.settle(), 'S')).toHaveLength(1);
    client.send(topicRequest(5, [TCS]));
    await client.settle();
    clock.advance(2000);
    expect(data(await client.settle(), 'U')).toHaveLength(0);
  });

  it('takes no more than 200 topics of a connection, and says nothing about the others', async () => {
    const client = await Client.connect();
    // the invented ones come after those of the master
    const first = sandbox.market.listings.size - INVENTED;
    client.send(topicRequest(4, nse(first, 150)));
    client.send(topicRequest(4, [...nse(first, 150), ...nse(first + 150, 60), 'sf|nse_cm|999999', 'dp|nse_cm|1000']));
    const frames = await client.settle();
    expect(frames.filter((frame) => frame.startsWith('04'))).toEqual(Array<string>(2).fill('04010100014b'));
    expect(sandbox.stats('fyers')).toMatchObject({ subscribed: 350, ignored: 12 });
  });

  it('sends only prices on a channel in lite mode, and nothing on a paused one', async () => {
    const client = await Client.connect();
    client.send(bytes(`0000 0c 02 ${CHANNEL_11} 02 0001 4c`));
    client.send(topicRequest(4, [TCS]));
    await client.settle();
    clock.advance(2000);
    const lite = await client.settle();
    expect([data(lite, 'L').length > 3, data(lite, 'U')]).toEqual([true, []]);
    client.send(bytes(`0000 07 01 ${CHANNEL_11}`));
    await client.settle();
    clock.advance(2000);
    expect((await client.settle()).filter((frame) => frame.startsWith('06'))).toEqual([]);
    client.send(bytes(`0000 08 01 ${CHANNEL_11}`));
    client.send(bytes(`0000 0c 02 ${CHANNEL_11} 02 0001 46`));
    await client.settle();
    clock.advance(2000);
    expect(data(await client.settle(), 'U').length).toBeGreaterThan(3);
  });

  it('counts the acknowledgements that do not come', async () => {
    const client = await Client.connect();
    client.send(topicRequest(4, [TCS]));
    await client.settle();
    clock.advance(5000);
    await client.settle();
    client.send(bytes('0000 03 01 01 0004 00000063'));
    await client.settle();
    const { missedAcks = 0, acks, strayAcks } = sandbox.stats('fyers');
    expect(missedAcks).toBeGreaterThan(10);
    expect((acks ?? 0) + (strayAcks ?? 0)).toBe(1);
  });

  it('lives through whatever a client sends', async () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (array) => {
        const request = parseHsmRequest(Buffer.from(array));
        topicsIn(request?.fields.get(1));
        channelsIn(request?.fields.get(1));
      }),
    );
    const client = await Client.connect();
    client.send('ping');
    for (const hex of ['', '00', '0000 04', '0000 04 02 01 ffff', '0000 04 01 01 0001 00', '00010b', '0000 63 00']) {
      client.send(bytes(hex));
    }
    await client.settle();
    expect(sandbox.stats('fyers')).toMatchObject({ unreadable: 4, pings: 1, subscribed: 0 });
  });
});

describe('the routes', () => {
  const ask = async (
    symbols: unknown,
    authorization = sandbox.settings['FYERS_SECRET_ACCESS_TOKEN'] as string,
  ): Promise<[number, Record<string, unknown>, Headers]> => {
    const response = await fetch(`${sandbox.settings['FYERS_REST_URL']}/symbol-token`, {
      method: 'POST',
      headers: { Authorization: authorization },
      body: JSON.stringify({ symbols }),
    });
    return [response.status, (await response.json()) as Record<string, unknown>, response.headers];
  };

  it('name the tokens of symbols, and those that have none', async () => {
    const [status, answer] = await ask(['BSE:TCS-A', 'NSE:NOSUCH-EQ']);
    expect([status, answer]).toEqual([
      200,
      {
        s: 'ok',
        code: 200,
        message: '',
        validSymbol: { 'BSE:TCS-A': '1210000000532540' },
        invalidSymbol: ['NSE:NOSUCH-EQ'],
      },
    ]);
  });

  it.each<[string, unknown, string | undefined, number, number]>([
    ['no valid symbol', ['NSE:NOSUCH-EQ'], undefined, 200, -300],
    ['more than 500 symbols', Array<string>(501).fill('NSE:TCS-EQ'), undefined, 400, -50],
    ['no list', 'NSE:TCS-EQ', undefined, 400, -50],
    ['no token', ['NSE:TCS-EQ'], 'nonsense', 401, -16],
    ['an expired token', ['NSE:TCS-EQ'], mintToken(SANDBOX_KEY, 1_600_000_000_000, 1000), 401, -8],
  ])('refuse %s', async (_, symbols, authorization, httpStatus, code) => {
    const [status, answer] = await ask(symbols, authorization);
    expect([status, answer['s'], answer['code']]).toEqual([httpStatus, 'error', code]);
  });

  it('take the token alone, and ten calls a second', async () => {
    const jwt = (sandbox.settings['FYERS_SECRET_ACCESS_TOKEN'] as string).split(':')[1];
    for (let i = 0; i < 10; i++) expect((await ask(['BSE:TCS-A'], jwt))[0]).toBe(200);
    const [status, answer, headers] = await ask(['BSE:TCS-A']);
    expect([status, answer['code'], headers.get('retry-after')]).toEqual([429, -429, '1']);
    clock.advance(1000);
    expect((await ask(['BSE:TCS-A']))[0]).toBe(200);
  });

  it('give the symbol file of an exchange', async () => {
    const text = await (await fetch(`${sandbox.url}/fyers/sym_details/BSE_CM.csv`)).text();
    expect(text).toContain('1210000000532540,"Tata Consultancy Services Limited",');
    expect(text).toContain(',BSE:TCS-A,');
    expect(text).not.toContain('NSE:');
  });
});
