import type { ServerResponse } from 'node:http';
import { framePayloads } from '#compression';
import { type Clock, MarketDataError } from '#domain';
import { CLOSE_MESSAGES, type CloseReason } from '#protocol';
import type { Wire } from '#subscription';
import { errorPayload } from '../../error-map.js';
import type { StreamPosition } from './stream-position.js';

const HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-transform',
  // nginx, and proxies built on it, would hold events back until a buffer is full
  'X-Accel-Buffering': 'no',
  // nothing comes after a stream, and a connection kept for more would hold up a shutdown
  Connection: 'close',
};
/** What a browser waits before it connects again, ms; `draining` brings a time of its own. */
const RETRY_MS = 2000;
/** A peer that does not take the end of the stream is cut off after this, ms. */
const CLOSE_PATIENCE_MS = 1000;
const HEARTBEAT = ':\n\n';
const TYPE = /^\{"type":"(\w+)"/;
/** Head of a message that moves the quote of a symbol; channels count for themselves. */
const MOVE = /^\{"type":"(?:snapshot|price_update)","symbol":"([^"]*)"(?:,"epoch":"[^"]*")?,"seq":(\d+)/;
const RECONNECT_AFTER = /"reconnectAfter":(\d+)/;

/**
 * Writes the messages of the plain WebSocket as server-sent events. Nobody answers on this door, so a probe is answered when
 * the operating system has taken everything up to it: a reader counts as late by how long its socket has not been empty.
 */
export class StreamWire implements Wire {
  /** @param probeAnswered called when nothing before the last probe waits in this process any more */
  constructor(
    private readonly response: ServerResponse,
    private readonly position: StreamPosition,
    private readonly clock: Clock,
    private readonly probeAnswered: () => void,
  ) {}

  get buffered(): number {
    return this.response.writableLength;
  }

  /** Begins the stream; until then the request can still be refused. */
  open(): void {
    this.response.writeHead(200, HEADERS);
    this.response.write(`retry: ${RETRY_MS}\n\n`);
  }

  write(frames: string, probe: boolean): void {
    const text = frames === '' ? HEARTBEAT : this.events(frames);
    if (!probe) this.response.write(text, 'latin1');
    else this.response.write(text, 'latin1', (error) => error ?? this.probeAnswered());
  }

  close(reason: CloseReason): void {
    const { response } = this;
    // who is drained has been told with `draining`
    if (reason !== 'SERVER_DRAINING') {
      const error = errorPayload(new MarketDataError(reason, CLOSE_MESSAGES[reason], true), this.clock.now());
      response.write(`event: error\ndata: ${JSON.stringify({ type: 'error', ...error })}\n\n`);
    }
    response.end();
    setTimeout(() => response.destroy(), CLOSE_PATIENCE_MS).unref();
  }

  /** Only the last event of a write has an id, because that is as long as the list of symbols. */
  private events(frames: string): string {
    const payloads = framePayloads(frames);
    let hasMoved = false;
    let text = '';
    for (let i = 0; i < payloads.length; i++) {
      const { payload } = payloads[i] as (typeof payloads)[number];
      const type = TYPE.exec(payload)?.[1];
      const [, symbol, sequence] = MOVE.exec(payload) ?? [];
      if (symbol !== undefined) {
        this.position.moved(symbol, Number(sequence));
        hasMoved = true;
      }
      text += `event: ${type}\n`;
      if (type === 'draining') text += `retry: ${RECONNECT_AFTER.exec(payload)?.[1] ?? RETRY_MS}\n`;
      if (hasMoved && i === payloads.length - 1) text += `id: ${this.position}\n`;
      text += `data: ${payload}\n\n`;
    }
    return text;
  }
}
