import { isRecord } from './contract.js';
import { decodeMsgpack } from './msgpack-decoder.js';
import type { OpenTransport } from './transport.js';

/** The part of a Socket.IO client socket that is used. */
export interface SocketIoSocket {
  readonly connected: boolean;
  on(event: string, listener: (argument: unknown) => void): unknown;
  onAny(listener: (event: string, payload: unknown) => void): unknown;
  emit(event: string, payload: object, acknowledge: (answer: unknown) => void): unknown;
  disconnect(): unknown;
}

/** `io` of socket.io-client 4. */
export type SocketIo = (url: string, options: Record<string, unknown>) => SocketIoSocket;

/** The Socket.IO door. Reconnecting stays with the client, which knows about draining servers and polling. */
export function socketIoTransport(io: SocketIo): OpenTransport {
  return ({ url, format, credentials, events }) => {
    let isOver = false;
    const { origin, pathname } = new URL(url);
    const socket = io(origin, {
      // a path in the address would be taken for a namespace
      path: `${pathname.replace(/\/$/, '')}/socket.io`,
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
      query: { format },
      ...(credentials === undefined ? {} : { auth: credentials }),
    });
    const end = (code: number, reason: unknown): void => {
      if (isOver) return;
      isOver = true;
      events.ended({ code, reason: String(reason) });
      socket.disconnect();
    };
    const deliver = (extra: object, payload: unknown): void => {
      if (isOver) return;
      const bytes = bytesOf(payload);
      let value: unknown = payload;
      try {
        if (bytes !== undefined) value = decodeMsgpack(bytes);
      } catch (error) {
        return events.broken(error);
      }
      events.message({ ...extra, ...(isRecord(value) ? value : {}) }, bytes?.length ?? 0);
    };
    socket.on('connect', () => events.opened());
    socket.on('disconnect', (reason) => end(1006, reason));
    socket.on('connect_error', (error) => {
      const data = isRecord(error) ? error['data'] : undefined;
      if (isRecord(data)) events.message({ type: 'error', ...data }, 0);
      end(1006, error instanceof Error ? error.message : 'connect_error');
    });
    socket.onAny((type, payload) => deliver({ type }, payload));
    return {
      send(id, action, payload) {
        if (socket.connected) socket.emit(action, payload, (answer) => deliver({ id }, answer));
      },
      close() {
        isOver = true;
        socket.disconnect();
      },
    };
  };
}

function bytesOf(payload: unknown): Uint8Array | undefined {
  if (payload instanceof ArrayBuffer) return new Uint8Array(payload);
  return payload instanceof Uint8Array ? payload : undefined;
}
