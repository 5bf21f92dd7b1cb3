import type { CompactDecoder } from './compact-decoder.js';
import { decodeMsgpack } from './msgpack-decoder.js';
import type { OpenTransport } from './transport.js';

/** The part of a WebSocket the client uses: the browser's, Node's (22 and newer), or the one of the package `ws`. */
export interface WebSocketLike {
  binaryType: string;
  readonly readyState: number;
  send(text: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: 'open' | 'error', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: { readonly code: number; readonly reason: string }) => void): void;
}

export type WebSocketConstructor = new (url: string) => WebSocketLike;

const OPEN = 1;

/** The plain WebSocket door, `/ws`. */
export function webSocketTransport(WebSocket: WebSocketConstructor, compact: CompactDecoder): OpenTransport {
  return ({ url, format, events }) => {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws?format=${format}`);
    socket.binaryType = 'arraybuffer';
    let isOver = false;
    const end = (code: number, reason: string): void => {
      if (isOver) return;
      isOver = true;
      events.ended({ code, reason });
    };
    socket.addEventListener('open', () => void (isOver || events.opened()));
    // `close` follows every `error`, and says more
    socket.addEventListener('error', () => undefined);
    socket.addEventListener('close', ({ code, reason }) => end(code, reason));
    socket.addEventListener('message', ({ data }) => {
      if (isOver) return;
      let message: unknown;
      let size: number;
      try {
        if (typeof data === 'string') {
          size = data.length;
          message = JSON.parse(data);
        } else {
          const bytes = new Uint8Array(data as ArrayBuffer);
          size = bytes.length;
          message = format === 'compact' ? compact.read(bytes) : decodeMsgpack(bytes);
        }
      } catch (error) {
        return events.broken(error);
      }
      events.message(message, size);
    });
    return {
      send(id, action, payload) {
        if (socket.readyState === OPEN) socket.send(JSON.stringify({ action, id, ...payload }));
      },
      close() {
        // a dead network never answers the close frame, so the end does not wait for it
        isOver = true;
        socket.close(1000);
      },
    };
  };
}
