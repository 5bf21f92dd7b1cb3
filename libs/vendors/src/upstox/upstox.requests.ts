import type { Clock, EpochMs, Instrument, InstrumentId } from '#domain';
import type { FrameSignal } from '../transports/ws-feed.js';
import type { UpstoxMode } from './upstox.limits.js';
import type { Refusal } from './upstox.refusal.js';

/** Keys of one request: a request is refused as a whole. */
const KEYS_PER_REQUEST = 500;
/** A refusal that does not say what it refuses is of a request at most this old, ms. */
const ANSWER_MS = 5000;
/** Requests we can still be told of. */
const REMEMBERED = 64;

interface Request {
  readonly guid: string;
  readonly at: EpochMs;
  readonly keys: ReadonlyMap<string, Instrument>;
}

/** What we ask of the stream, and which of it the stream refuses: it says so in a text frame, and is silent when all is well. */
export class UpstoxRequests {
  private readonly subscriptions: Request[] = [];
  /** Instrument key to instrument, of all that was ever asked for: frames may be under way when it is no more. */
  private readonly asked = new Map<string, Instrument>();
  private count = 0;

  constructor(
    private readonly mode: UpstoxMode,
    private readonly keyOf: (instrument: Instrument) => string | undefined,
    private readonly clock: Clock,
  ) {}

  carries(instrument: Instrument): boolean {
    return this.keyOf(instrument) !== undefined;
  }

  /** The instrument of a key that has been asked for. */
  instrumentOf(key: string): Instrument | undefined {
    return this.asked.get(key);
  }

  subscribe(instruments: readonly Instrument[]): Buffer[] {
    return this.inGroups(instruments).map((keys) => {
      for (const [key, instrument] of keys) this.asked.set(key, instrument);
      const guid = this.guid();
      this.subscriptions.push({ guid, at: this.clock.now(), keys });
      if (this.subscriptions.length > REMEMBERED) this.subscriptions.shift();
      return message(guid, 'sub', { mode: this.mode, instrumentKeys: [...keys.keys()] });
    });
  }

  unsubscribe(instruments: readonly Instrument[]): Buffer[] {
    return this.inGroups(instruments).map((keys) =>
      message(this.guid(), 'unsub', { instrumentKeys: [...keys.keys()] }),
    );
  }

  /**
   * Whom a refusal concerns. Unverified, so read leniently: the keys named in it, else those of the request with its guid, else those of
   * the only recent subscription; when there are none of these, it is an error of no instrument.
   */
  heed({ guid, isSubscription, reason, text }: Refusal): FrameSignal {
    const instruments = isSubscription ? this.refused(guid, text) : [];
    return instruments.length > 0 ? { kind: 'refused', instruments, reason } : { kind: 'error', reason };
  }

  private refused(guid: unknown, text: string): InstrumentId[] {
    const known = this.subscriptions.filter((one) => one.guid === guid);
    const recent = this.subscriptions.filter(({ at }) => this.clock.now() - at <= ANSWER_MS);
    const [request] = known.length > 0 ? known : recent.length === 1 ? recent : [];
    const candidates = request === undefined ? [...this.asked] : [...request.keys];
    const named = candidates.filter(([key]) => text.includes(key));
    return (named.length > 0 || request === undefined ? named : candidates).map(([, { id }]) => id);
  }

  private inGroups(instruments: readonly Instrument[]): Map<string, Instrument>[] {
    const entries = instruments.flatMap((instrument): [string, Instrument][] => {
      const key = this.keyOf(instrument);
      return key === undefined ? [] : [[key, instrument]];
    });
    const groups: Map<string, Instrument>[] = [];
    for (let i = 0; i < entries.length; i += KEYS_PER_REQUEST)
      groups.push(new Map(entries.slice(i, i + KEYS_PER_REQUEST)));
    return groups;
  }

  /** Twenty characters, as in the vendor's documentation. */
  private guid(): string {
    return `tickwire${String(++this.count).padStart(12, '0')}`;
  }
}

/** Requests are JSON in a binary message; as text they are not heard. */
function message(guid: string, method: 'sub' | 'unsub', data: object): Buffer {
  return Buffer.from(JSON.stringify({ guid, method, data }));
}
