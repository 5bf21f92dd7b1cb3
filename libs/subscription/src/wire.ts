import type { CloseReason } from '#protocol';

/**
 * One client's connection as a door offers it. Frames are latin1 strings of complete WebSocket frames (`#compression`);
 * a door whose transport frames by itself takes them apart again.
 */
export interface Wire {
  /** Bytes taken by `write` that the operating system has not taken yet. */
  readonly buffered: number;
  /**
   * Sends frames in one socket write, after everything sent before.
   * @param probe ask the peer's stack for a sign once it has read this far; the door answers with `Client.probeAnswered`
   */
  write(frames: string, probe: boolean): void;
  /** Ends the connection with a reason the client can read. */
  close(reason: CloseReason): void;
}
