import { OTHER } from './count-updates.js';
import type { EventTimes } from './event-times.js';
import { SocketIoClient } from './socketio-client.js';
import { Tally } from './tally.js';

const SYMBOL_KEY = '"symbol":"';
const SEQUENCE_KEY = '"seq":';
/** Symbol and sequence lead each update. */
const HEAD_BYTES = 120;

/** Tells when each update was read, and looks at no more of it than it must: clients that share a thread read one after the other. */
class ArrivalsTally extends Tally {
  constructor(private readonly arrived: (position: string, at: number) => void) {
    super();
  }

  override take(count: number, eventTimes: EventTimes, bytes: Buffer, start: number, end: number): void {
    super.take(count, eventTimes, bytes, start, end);
    if (count <= OTHER) return;
    const head = bytes.toString('latin1', start, Math.min(end, start + HEAD_BYTES));
    const symbol = head.indexOf(SYMBOL_KEY) + SYMBOL_KEY.length;
    const sequence = head.indexOf(SEQUENCE_KEY) + SEQUENCE_KEY.length;
    const position = `${head.slice(symbol, head.indexOf('"', symbol))} ${parseInt(head.slice(sequence, sequence + 12), 10)}`;
    this.arrived(position, performance.now());
  }
}

/** A stock Socket.IO client, the same for every server of the contract, that tells when each update arrives. */
export class ArrivalsClient {
  private constructor(
    private readonly client: SocketIoClient,
    private readonly tally: Tally,
  ) {}

  /** Resolves when the subscription is acknowledged. */
  static async join(
    port: number,
    symbols: readonly string[],
    arrived?: (position: string, at: number) => void,
  ): Promise<ArrivalsClient> {
    const tally = arrived === undefined ? new Tally() : new ArrivalsTally(arrived);
    tally.sampleFor(Infinity);
    const client = new SocketIoClient({ port, format: 'json', symbols, options: {} }, tally);
    await client.joined;
    return new ArrivalsClient(client, tally);
  }

  get updates(): number {
    return this.tally.updates;
  }

  close(): void {
    this.client.close();
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
