import type { MarketDataError } from './errors.js';
import type { Instrument, InstrumentId } from './instrument.js';
import type { ReplayControl } from './recording.js';
import type { RejectReason } from './reject-reason.js';
import type { Tick, VendorId } from './tick.js';
import type { EpochMs } from './time.js';

/**
 * `idle`: nothing is wanted of it. `connecting`: not yet usable. `live`: it answers.
 * `stalled`: connected, but silent for longer than it may be. `down`: failing; it retries by itself.
 */
export type FeedState = 'idle' | 'connecting' | 'live' | 'stalled' | 'down';

export interface FeedStatus {
  readonly id: string;
  readonly vendor: VendorId;
  readonly state: FeedState;
  /** When the state began. */
  readonly since: EpochMs;
  /** Last frame or answer of any kind; undefined before the first. */
  readonly lastFrameAt: EpochMs | undefined;
  readonly instruments: number;
  readonly lastError: string | undefined;
  /** Wanted instruments that no healthy connection of a stream carries now; 0 for a source that is asked. */
  readonly unserved: number;
  /** The connections of a stream that has several. */
  readonly connections?: readonly ConnectionStatus[];
}

export interface ConnectionStatus {
  readonly state: FeedState;
  readonly since: EpochMs;
  readonly lastFrameAt: EpochMs | undefined;
  readonly instruments: number;
  readonly lastError: string | undefined;
  readonly ticksPerSecond?: number;
  /** Mean of receive time minus event time, ms. */
  readonly latencyMs?: number | undefined;
  /** Share of frames that could not be read lately, 0 to 1. */
  readonly malformedShare?: number;
}

/** Something that opens a vendor's door for a time: an access token. */
export interface Credential {
  status(): CredentialStatus;
  /** Begins to watch its time. */
  start(): void;
  stop(): void;
}

export interface CredentialStatus {
  readonly vendor: VendorId;
  /** `expiring`: within the hour. */
  readonly state: 'valid' | 'expiring' | 'expired' | 'missing';
  /** Undefined when the credential does not say. */
  readonly expiresAt: EpochMs | undefined;
}

/** Where a feed puts what it has. Every call is synchronous and returns before the next frame is read. */
export interface FeedSink {
  /** @returns why the tick was refused, where that is told */
  tick(tick: Tick): RejectReason | undefined | void;
  /** A frame that fits no documented variant; the feed has already moved on. `sample` is at most 200 characters, secrets removed. */
  malformed(vendor: VendorId, reason: string, sample: string): void;
  /** The feed's state has changed, or which instruments it serves. */
  status(status: FeedStatus): void;
}

/** A running vendor stream. */
export interface Feed {
  readonly id: string;
  readonly vendor: VendorId;
  /** True when its prices are older than now by agreement: delayed or end-of-day data is never called live. */
  readonly isDelayed?: boolean;
  /** Instruments it can stream at one time. */
  readonly capacity: number;
  /** Whether the vendor has the instrument at all. */
  carries(instrument: Instrument): boolean;
  start(sink: FeedSink): void;
  /** The whole set wanted from now on; the feed works out what to add and drop. An empty set lets it disconnect. */
  want(instruments: readonly Instrument[]): void;
  /** Ends the connections nobody needs now, instead of keeping them for demand that comes back. */
  release?(): void;
  /**
   * Since when the vendor has been streaming the instrument to us without a break; undefined when it is not now.
   * From then on its silence means that nothing has happened.
   */
  streamingSince(id: InstrumentId): EpochMs | undefined;
  /** Wanted, and for now not to be had here: on a connection that fails, without room, or refused by the vendor. */
  unserved(): ReadonlySet<InstrumentId>;
  status(): FeedStatus;
  stop(): Promise<void>;
}

/** What one request for quotes brought: a tick per instrument that answered, an error per instrument that did not. */
export interface FetchResult {
  readonly ticks: readonly Tick[];
  readonly failures: ReadonlyMap<InstrumentId, MarketDataError>;
}

export type Answered = (instrument: Instrument, outcome: Tick | MarketDataError) => void;

/** A vendor that answers on request. */
export interface SnapshotSource {
  readonly id: string;
  readonly vendor: VendorId;
  /** True when its prices are older than now by agreement: delayed or end-of-day data is never called live. */
  readonly isDelayed?: boolean;
  /** Instruments one `fetch` may name. */
  readonly batchSize: number;
  carries(instrument: Instrument): boolean;
  /** Instruments a second that can be asked for in the long run. */
  readonly perSecond: number;
  /**
   * Never rejects: what failed is in `failures`, and a batch is whole or partly answered. Waits for the vendor's rate limit.
   * @param answered told of each instrument as soon as its answer is there: the slowest of a batch holds nobody back
   */
  fetch(instruments: readonly Instrument[], answered?: Answered): Promise<FetchResult>;
  /** Instruments the vendor has lately said it does not have: they are the next vendor's, and asking again would cost for nothing. */
  unserved(): ReadonlySet<InstrumentId>;
  status(): FeedStatus;
  /** Ticks and malformed frames go back with `fetch`; only state changes and malformed samples come here. */
  start(sink: Pick<FeedSink, 'malformed' | 'status'>): void;
  stop(): Promise<void>;
}

/** What a vendor runs: streams, request sources, or both. */
export interface VendorConnections {
  readonly feeds: readonly Feed[];
  readonly sources: readonly SnapshotSource[];
  readonly credentials?: readonly Credential[];
  readonly replays?: readonly ReplayControl[];
}
