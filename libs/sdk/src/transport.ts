import type { Format } from './contract.js';
import type { Credentials } from './options.js';

/** Why a connection ended. `code` is the WebSocket's close code, 1006 where there was none. */
export interface Ending {
  readonly code: number;
  readonly reason: string;
}

/** What a transport tells. `message` gets decoded but unchecked values. After `ended` nothing more comes. */
export interface TransportEvents {
  opened(): void;
  message(value: unknown, bytes: number): void;
  /** A message that could not be decoded. */
  broken(error: unknown): void;
  ended(ending: Ending): void;
}

/** One connection through one of the server's doors. */
export interface Transport {
  /** Sends an action; the answer comes as a message that repeats `id`. */
  send(id: number, action: string, payload: object): void;
  close(): void;
}

export interface TransportRequest {
  /** Base of the server, `http://host:3000`, without a slash at the end. */
  readonly url: string;
  readonly format: Format;
  readonly credentials: Credentials | undefined;
  readonly events: TransportEvents;
}

export type OpenTransport = (request: TransportRequest) => Transport;
