import { type Clock, type Counter, type EpochMs, MarketDataError, type Meter, type RejectReason } from '#domain';
import type { OutsideError } from '#protocol';
import type { OutsideChannels } from './outside-channels.js';

/** What an error is about. */
export interface OutsideMessage {
  readonly channel: string;
  /** What was sent; only asked for when the error is told. */
  readonly text: () => string;
  readonly id?: string | undefined;
  readonly source?: string | undefined;
}

/** Errors told in one second; a publisher that sends nothing but nonsense would otherwise double the traffic. */
const MOST_PER_SECOND = 50;
const SAMPLE_LENGTH = 200;

/** Tells publishers and operators what was wrong with their messages. */
export class OutsideErrors {
  private readonly counters = new Map<string, Counter>();
  private windowAt: EpochMs = 0;
  private told = 0;
  private unreported = 0;

  constructor(
    private readonly channels: OutsideChannels,
    private readonly channel: string,
    private readonly clock: Clock,
    private readonly meter: Meter,
  ) {}

  /** A message that could not be read, or cannot be done. */
  failed(about: OutsideMessage, error: unknown): void {
    const isKnown = error instanceof MarketDataError;
    const code = isKnown ? error.code : 'INVALID_MESSAGE';
    this.tell(about, { code, message: isKnown ? error.message : 'The message could not be handled' });
  }

  /** An update that validation does not believe. */
  refused(about: OutsideMessage, reason: RejectReason): void {
    this.tell(about, { code: 'UPDATE_REFUSED', message: `Validation refused the update: ${reason}`, reason });
  }

  private tell(
    { channel, text, id, source }: OutsideMessage,
    error: Pick<OutsideError, 'code' | 'message' | 'reason'>,
  ) {
    this.counter(error.code).add();
    const timestamp = this.clock.now();
    if (timestamp - this.windowAt >= 1000) {
      this.windowAt = timestamp;
      this.told = 0;
    }
    if (this.told >= MOST_PER_SECOND) return void this.unreported++;
    this.told++;
    const told: OutsideError = {
      ...error,
      channel,
      sample: sampleOf(text),
      ...(id !== undefined && { id }),
      ...(source !== undefined && { source }),
      ...(this.unreported > 0 && { unreported: this.unreported }),
      timestamp,
    };
    this.unreported = 0;
    this.channels.tell(this.channel, told);
  }

  private counter(code: string): Counter {
    let counter = this.counters.get(code);
    if (counter === undefined) {
      counter = this.meter.counter('outside_errors_total', 'Messages of publishers and operators refused', { code });
      this.counters.set(code, counter);
    }
    return counter;
  }
}

/** Lists nested some thousand levels deep can be read as JSON, but not written. */
function sampleOf(text: () => string): string {
  try {
    return text().slice(0, SAMPLE_LENGTH);
  } catch {
    return '';
  }
}
