import { framePayloads } from '#compression';
import type { CloseReason } from '#protocol';
import type { Wire } from '#subscription';

export interface Received {
  readonly type: string;
  readonly [property: string]: unknown;
}

/** A connection that keeps what is written to it, and reads or stops reading as the test says. */
export class RecordingWire implements Wire {
  buffered = 0;
  writes = 0;
  probes = 0;
  closedWith: CloseReason | undefined;
  private readonly messages: Received[] = [];

  write(frames: string, probe: boolean): void {
    this.writes++;
    if (probe) this.probes++;
    for (const { payload } of framePayloads(frames)) this.messages.push(JSON.parse(payload) as Received);
  }

  close(reason: CloseReason): void {
    this.closedWith = reason;
  }

  /** Messages since the last call. */
  take(): Received[] {
    return this.messages.splice(0);
  }

  types(): string[] {
    return this.take().map(({ type }) => type);
  }
}
