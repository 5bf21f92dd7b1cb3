import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
  type OnGatewayInit,
} from '@nestjs/websockets';
import { Server, Socket } from 'socket.io';
import { QuoteStream, type VendorQuote } from './quote-stream.js';

interface SubscribePayload {
  symbols: string[];
}

/**
 * The baseline of the benchmark: what the Nest documentation leads to. One room per symbol, one emit per tick with the
 * whole quote; Socket.IO encodes it once and writes it to each socket of the room. It sends the contract's `price_update`,
 * so that an update has as many bytes as the product's.
 */
@WebSocketGateway()
export class QuotesGateway implements OnGatewayInit {
  @WebSocketServer()
  private readonly server: Server;
  private readonly sequences = new Map<string, number>();
  private readonly stream = new QuoteStream(process.env['JSON_URL'] ?? '', (quote) => this.publish(quote));

  afterInit(): void {
    this.stream.start();
  }

  @SubscribeMessage('subscribe')
  async subscribe(@ConnectedSocket() socket: Socket, @MessageBody() { symbols }: SubscribePayload): Promise<object> {
    await socket.join(symbols);
    this.stream.want(symbols);
    return { type: 'subscribed', symbols, rejected: [] };
  }

  private publish(vendor: VendorQuote): void {
    const seq = (this.sequences.get(vendor.s) ?? 0) + 1;
    this.sequences.set(vendor.s, seq);
    this.server.to(vendor.s).emit('price_update', {
      symbol: vendor.s,
      seq,
      data: toQuote(vendor),
      compression: 'none',
      timestamp: new Date().toISOString(),
    });
  }
}

function toQuote(vendor: VendorQuote): object {
  const change = vendor.p - vendor.pc;
  return {
    symbol: vendor.s,
    companyName: `Bench Instrument ${vendor.s.slice(-4)} Limited`,
    price: vendor.p,
    change: round(change),
    changePercent: round((change / vendor.pc) * 100),
    volume: vendor.v,
    open: vendor.o,
    high: vendor.h,
    low: vendor.l,
    previousClose: vendor.pc,
    bid: vendor.b,
    ask: vendor.a,
    bidSize: vendor.bs,
    askSize: vendor.as,
    lastSize: vendor.ls,
    averagePrice: vendor.ap,
    timestamp: new Date(vendor.t).toISOString(),
    source: 'json',
    stale: false,
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
