import { WebSocket } from 'ws';

/** One element of a `quotes` frame of the sandbox's JSON dialect: rupees, Unix ms. */
export interface VendorQuote {
  readonly s: string;
  readonly p: number;
  readonly v: number;
  readonly b: number;
  readonly a: number;
  readonly bs: number;
  readonly as: number;
  readonly ls: number;
  readonly ap: number;
  readonly o: number;
  readonly h: number;
  readonly l: number;
  readonly pc: number;
  readonly t: number;
}

interface VendorFrame {
  readonly type: string;
  readonly data?: readonly VendorQuote[];
}

/** The vendor's stream, subscribed to whatever was ever wanted. */
export class QuoteStream {
  private readonly wanted = new Set<string>();
  private socket: WebSocket | undefined;

  constructor(
    private readonly url: string,
    private readonly onQuote: (quote: VendorQuote) => void,
  ) {}

  start(): void {
    // a server that only hands on what others publish
    if (this.url === '') return;
    this.socket = new WebSocket(this.url);
    this.socket.on('open', () => this.subscribe([...this.wanted]));
    this.socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as VendorFrame;
      if (frame.type === 'quotes') frame.data?.forEach((quote) => this.onQuote(quote));
    });
  }

  want(symbols: readonly string[]): void {
    const added = symbols.filter((symbol) => !this.wanted.has(symbol));
    for (const symbol of added) this.wanted.add(symbol);
    this.subscribe(added);
  }

  private subscribe(symbols: readonly string[]): void {
    if (symbols.length > 0 && this.socket?.readyState === WebSocket.OPEN)
      this.socket.send(JSON.stringify({ op: 'subscribe', symbols }));
  }
}
