import { BINARY, clientFrame, CLOSE, PING, PONG, TEXT } from '../load/frame-walker.js';

const ACTIONS = ['subscribe', 'unsubscribe', 'subscriptions', 'ping', 'authenticate', 'buy', '', '__proto__', 'error'];
const KEYS = [
  'symbols',
  'mode',
  'compression',
  'batch',
  'fields',
  'maxFrequency',
  'resume',
  'timestamp',
  'token',
  'id',
];
const EVIL_KEYS = ['__proto__', 'constructor', 'prototype', 'toString', 'then', 'toJSON', 'length', 'hasOwnProperty'];
const FIELDS = ['price', 'volume', 'bid', 'ask', 'open', 'high', 'low', 'change', 'timestamp', 'source', 'stale'];
const SYMBOLS = ['NSE:TCS', 'NSE:INFY', 'BSE:500325', 'NSE:NOPE', '', ':', '__proto__', 'NSE:\u0000', 'x'.repeat(65)];
const METHODS = ['GET', 'POST', 'PUT', 'OPTIONS', 'GE T', 'get', '\u0001', ''];
const TARGETS = [
  '/ws',
  '/ws?format=',
  '/ws?recent=-1e9',
  '/socket.io/?EIO=4&transport=websocket',
  '//',
  '//[',
  '*',
  '/%',
  '',
];
const UPGRADES = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];
const HEADERS = [
  ...UPGRADES,
  'Upgrade: h2c',
  'Sec-WebSocket-Version: 99',
  'Sec-WebSocket-Key: short',
  'Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=99',
  'Sec-WebSocket-Extensions: ;;,=,"',
  'Sec-WebSocket-Protocol: , ,',
  'Transfer-Encoding: chunked',
  'Content-Length: -1',
  'Content-Length: 99999999999',
  `X: ${'x'.repeat(20_000)}`,
  'no colon',
  'Host: a\r\nHost: b',
];

/** What a client may send that never read the documentation, or reads it to do harm. The same seed gives the same garbage. */
export class Garbage {
  constructor(private readonly random: () => number) {}

  /** One message of the plain WebSocket, as a frame that is right. */
  message(): Buffer {
    if (this.chance(0.05)) return clientFrame(BINARY, Buffer.from(this.bytes(this.below(200))));
    const text = this.wrong(JSON.stringify({ action: this.pick(ACTIONS), ...this.object(2) }));
    return clientFrame(TEXT, Buffer.from(this.chance(0.005) ? this.huge(text) : text));
  }

  /** An engine.io message that leaves the connection open if the server is patient: mostly a Socket.IO event. */
  event(): string {
    const name = this.chance(0.1) ? this.value(1) : this.pick(ACTIONS);
    const ack = this.chance(0.3) ? String(this.below(100)) : '';
    const payloads = this.chance(0.7) ? [this.object(2)] : Array.from({ length: this.below(4) }, () => this.value(2));
    if (this.chance(0.1)) return this.pick(['3', '40/nope,{}', '43[]', '436[null]', '437[{}]']);
    const isName = typeof name === 'number' || (typeof name === 'string' && name !== 'error');
    return `42${ack}${JSON.stringify([isName ? name : 'subscribe', ...payloads])}`;
  }

  /** An engine.io message that no Socket.IO parser can like. */
  packet(): string {
    return this.choose([
      () => `42${this.wrong(JSON.stringify(['subscribe', this.object(2)]))}`,
      () => `45${this.below(1e6)}-["subscribe",{"_placeholder":true,"num":${this.pick(['0', '-1', '1e9', '"x"'])}}]`,
      () => `4${this.below(10)}${this.noise(20)}`,
      () => `${this.below(10)}${this.noise(200)}`,
      () => `42${'['.repeat(1 + this.below(20_000))}`,
      () => `42["subscribe",${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}]`,
      () => this.pick(['41', '2', '2probe', '40', '40{"sid":1}', '44{}', '5', '6']),
      () => this.huge('42["ping",'),
    ]);
  }

  /** A body for engine.io's long polling. */
  pollBody(): string {
    return Array.from({ length: 1 + this.below(5) }, () =>
      this.chance(0.5) ? this.packet() : `b${this.noise(50)}`,
    ).join(this.pick(['\u001e', '', '\n']));
  }

  /** Bytes in place of a WebSocket frame. */
  frame(): Buffer {
    const small = Buffer.from(this.noise(40));
    const raw = clientFrame(TEXT, small);
    return this.choose([
      // reserved bits, reserved opcodes, a control frame in pieces
      () => flip(raw, 0, 0x10 << this.below(3)),
      () => clientFrame(3 + this.below(5), small),
      () => flip(clientFrame(this.pick([CLOSE, PING, PONG]), small), 0, 0x80),
      // a continuation of nothing, a message that is begun twice
      () => clientFrame(0, small),
      () => Buffer.concat([flip(raw, 0, 0x80), raw]),
      // not masked, too large for a control frame
      () => flip(raw, 1, 0x80),
      () => clientFrame(PING, Buffer.alloc(126)),
      // a close with a code nobody may send, or half of one
      () => clientFrame(CLOSE, Buffer.from([this.below(256), this.below(256)])),
      () => clientFrame(CLOSE, Buffer.from([3])),
      // broken UTF-8
      () => clientFrame(TEXT, Buffer.concat([small, Buffer.from([0xc3, 0x28, 0xff])])),
      // lengths beyond everything, and less than is promised
      () => Buffer.from([0x81, 0xff, ...this.bytes(12)]),
      () => Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, ...this.bytes(4)]),
      () => raw.subarray(0, 1 + this.below(raw.length - 1)),
      () => Buffer.from(this.bytes(1 + this.below(300))),
    ]);
  }

  /** Bytes in place of an upgrade request. */
  request(): Buffer {
    if (this.chance(0.1)) return Buffer.from(this.bytes(1 + this.below(500)));
    const base = this.chance(0.7) ? UPGRADES : [];
    const headers = [...base, 'Host: x', ...Array.from({ length: this.below(4) }, () => this.pick(HEADERS))];
    const target = this.pick(TARGETS) + (this.chance(0.3) ? this.noise(100).replaceAll(/\s/g, '') : '');
    const head = [`${this.chance(0.8) ? 'GET' : this.pick(METHODS)} ${target} HTTP/1.1`, ...headers, '', ''].join(
      '\r\n',
    );
    return Buffer.from(this.chance(0.1) ? head.slice(0, this.below(head.length)) : head + this.noise(20));
  }

  /** The text as it is, or in one of the ways in which JSON goes wrong. */
  private wrong(text: string): string {
    return this.choose([
      () => text,
      () => text.slice(0, this.below(text.length)),
      () => text.replace(/[:,{}"]/, this.noise(3)),
      () => text + this.noise(5),
      () => `[${text}]`,
      () => '['.repeat(1 + this.below(5000)),
      () => this.deep(),
      () => this.noise(100),
      () => this.pick(['null', '0', '""', '[]', '{}', '{"action":null}', '1e999', '\u0000', '']),
    ]);
  }

  private deep(): string {
    const levels = 10 ** (1 + this.below(4));
    const [open, end] = this.pick([
      ['{"a":', '}'],
      ['[', ']'],
    ]);
    const key = this.pick([...KEYS, ...EVIL_KEYS]);
    const nest = open.repeat(levels) + '1' + end.repeat(levels);
    return this.chance(0.5)
      ? `{"action":"subscribe","symbols":["NSE:TCS"],"${key}":${nest}}`
      : `{"action":"subscribe","symbols":["NSE:TCS"],"resume":{"epoch":"e","sequences":{"a":${nest}}}}`;
  }

  private object(levels: number): Record<string, unknown> {
    const given: [string, unknown][] = Array.from({ length: this.below(5) }, () => [
      this.chance(0.9) ? this.pick(KEYS) : this.pick(EVIL_KEYS),
      this.value(levels),
    ]);
    // entries, so that `__proto__` becomes a property of its own, as JSON.parse makes it
    return Object.fromEntries([['symbols', this.some(SYMBOLS)], ...given]);
  }

  private value(levels: number): unknown {
    const leaf: (() => unknown)[] = [
      () =>
        this.pick([null, true, false, '', 0, -0, -1, 1e308, 0.1, 2 ** 53, 'quote', 'ltp', 'depth', 'delta', 'none']),
      () => this.noise(20),
      () => this.some(FIELDS),
      () => this.some(SYMBOLS),
      () => ({ epoch: this.noise(8), sequences: this.chance(0.5) ? { 'NSE:TCS': this.below(1e9) } : this.noise(4) }),
    ];
    if (levels === 0) return this.choose(leaf);
    return this.choose([...leaf, () => this.object(levels - 1), () => [this.value(levels - 1), this.value(0)]]);
  }

  private some<T>(items: readonly T[]): T[] {
    return items.filter(() => this.chance(0.4));
  }

  private huge(text: string): string {
    return text + '\u00e9x'.repeat(this.below(25_000));
  }

  private noise(most: number): string {
    const codes = Array.from({ length: this.below(most + 1) }, () =>
      this.chance(0.8) ? 32 + this.below(95) : this.below(0xd800),
    );
    return String.fromCharCode(...codes);
  }

  private bytes(count: number): number[] {
    return Array.from({ length: count }, () => this.below(256));
  }

  private choose<T>(makers: readonly (() => T)[]): T {
    return this.pick(makers)();
  }

  private pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  private below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  private chance(share: number): boolean {
    return this.random() < share;
  }
}

function flip(frame: Buffer, at: number, bits: number): Buffer {
  const other = Buffer.from(frame);
  other[at] = (other[at] as number) ^ bits;
  return other;
}
