import { WebSocket } from 'ws';

const UPDATE = '42["price_update",';
const SYMBOL_KEY = '"symbol":"';
const SEQUENCE_KEY = '"seq":';
const JOIN_WITHIN_MS = 15_000;

/** A stock Socket.IO client, the same for every server of the contract: tells when each update was read, and parses no more than it must. */
export class ArrivalsClient {
  updates = 0;
  private readonly socket: WebSocket;

  private constructor(
    port: number,
    symbols: readonly string[],
    private readonly arrived: (position: string, at: number) => void,
    joined: () => void,
  ) {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`);
    this.socket.on('error', () => undefined);
    this.socket.on('message', (data: Buffer) => {
      const text = data.toString('latin1');
      if (text.startsWith(UPDATE)) this.take(text);
      else if (text.startsWith('0')) this.socket.send('40');
      else if (text.startsWith('2')) this.socket.send('3');
      else if (text.startsWith('40')) this.socket.send(`420["subscribe",${JSON.stringify({ symbols })}]`);
      else if (text.startsWith('430')) joined();
    });
  }

  /** Resolves when the subscription is acknowledged. */
  static async join(
    port: number,
    symbols: readonly string[],
    arrived: (position: string, at: number) => void = () => undefined,
  ): Promise<ArrivalsClient> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('a client could not subscribe')), JOIN_WITHIN_MS);
      const client = new ArrivalsClient(port, symbols, arrived, () => {
        clearTimeout(timer);
        resolve(client);
      });
    });
  }

  close(): void {
    this.socket.terminate();
  }

  private take(text: string): void {
    this.updates++;
    const symbol = text.indexOf(SYMBOL_KEY) + SYMBOL_KEY.length;
    const sequence = text.indexOf(SEQUENCE_KEY) + SEQUENCE_KEY.length;
    const position = `${text.slice(symbol, text.indexOf('"', symbol))} ${parseInt(text.slice(sequence, sequence + 12), 10)}`;
    this.arrived(position, performance.now());
  }
}

/** How much later one client is told than another, by the same clock. */
export class AddedLatency {
  samples: number[] = [];
  private readonly first = new Map<string, number>();
  private readonly second = new Map<string, number>();

  atFirst(position: string, at: number): void {
    const other = this.second.get(position);
    if (other === undefined) this.first.set(position, at);
    else this.match(position, other - at);
  }

  atSecond(position: string, at: number): void {
    const other = this.first.get(position);
    if (other === undefined) this.second.set(position, at);
    else this.match(position, at - other);
  }

  /** Samples since the last call; what waits for its match is forgotten. */
  take(): number[] {
    const { samples } = this;
    this.samples = [];
    this.first.clear();
    this.second.clear();
    return samples;
  }

  private match(position: string, ms: number): void {
    this.first.delete(position);
    this.second.delete(position);
    this.samples.push(ms);
  }
}
