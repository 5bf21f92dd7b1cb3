import type { Encoding, Format, Framing, MessageEncoder } from '#compression';
import type { InstrumentId } from '#domain';
import type { CloseReason, ServerMessages, ServerMessageType } from '#protocol';
import type { Group, Subscription } from './subscription.js';
import type { Wire } from './wire.js';

/** When a client counts as late, and how long that is tolerated. */
export interface BackpressurePolicy {
  /** Pause between two questions "have you read this far?", ms. */
  readonly probeIntervalMs: number;
  /** A question open for longer makes the client late: it gets no more updates until it has answered. */
  readonly slowAfterMs: number;
  /** A client late for longer is disconnected. */
  readonly slowDisconnectMs: number;
  /** Bytes waiting in this process for one client; past that it is late at once. */
  readonly outboxMaxBytes: number;
}

/** Answers do not wait for a late client, because it asked for them; past so many outboxes it is only asking. */
const HOPELESS_OUTBOXES = 4;

/** What left the process, for the metrics. */
export interface DeliveryCounts {
  writes: number;
  bytes: number;
  /** Updates not sent one by one because their client was late. */
  dropped: number;
  slowDisconnects: number;
}

/**
 * One client: what it wants, what it is about to be sent, and how far behind it is. Lateness is judged by the age of what the client
 * has read, not by bytes: the kernel takes megabytes before a byte limit notices a client that has stopped reading.
 */
export class Client {
  readonly subscriptions = new Map<InstrumentId, Subscription>();
  /** Number of the window the client last got something in; the hub's mark of who is to be flushed. */
  window = 0;
  lastMessageAt: number;
  /** The epoch that counted when it connected. */
  arrivedIn = '';
  closed = false;
  /** When limited subscriptions that have ended were due next: subscribing anew must not be a way round the limit. */
  private readonly dueAt = new Map<InstrumentId, number>();

  private frames = '';
  private items = '';
  private itemCount = 0;
  private batching: Encoding | undefined;
  private openedAt = 0;

  private probeSentAt: number;
  private probeOpen = false;
  private lateSince = 0;
  private dropped = 0;
  private missed: Set<Group> | undefined;

  constructor(
    readonly id: string,
    readonly framing: Framing,
    readonly format: Format,
    private readonly wire: Wire,
    private readonly messages: MessageEncoder,
    private readonly policy: BackpressurePolicy,
    private readonly counts: DeliveryCounts,
    connectedAt: number,
    /** How much of the probe interval has passed, 0 to 1: clients that come together are probed one after another. */
    probePhase: number,
  ) {
    this.lastMessageAt = connectedAt;
    this.probeSentAt = connectedAt - probePhase * policy.probeIntervalMs;
  }

  get late(): boolean {
    return this.lateSince !== 0;
  }

  /** Age of the oldest thing the client has been sent and is not known to have read, ms; 0 when it is current. */
  age(now: number): number {
    return this.probeOpen ? now - this.probeSentAt : 0;
  }

  get buffered(): number {
    return this.wire.buffered;
  }

  /** Remembers when a limited subscription, which is about to end, would have been due. */
  holdBack({ group, options, dueAt }: Subscription): void {
    if (options.maxFrequency !== undefined) this.dueAt.set(group.state.instrument.id, dueAt);
  }

  /** When a new limited subscription of an instrument may be sent its first update, by the monotonic clock. */
  takeDue(id: InstrumentId): number {
    const dueAt = this.dueAt.get(id) ?? 0;
    this.dueAt.delete(id);
    return dueAt;
  }

  /** Sends anything but a quote, in order with the quotes. */
  send<T extends ServerMessageType>(type: T, payload: ServerMessages[T] & { id?: string | number }): void {
    this.write(this.messages.message(type, payload), false);
    this.endHopeless();
  }

  /** Opens the window's outbox. False when the client is late, and updates must be `skip`ped instead. */
  accepts(now: number): boolean {
    if (this.lateSince !== 0) return false;
    this.openedAt = now;
    if (this.age(now) <= this.policy.slowAfterMs && this.wire.buffered <= this.policy.outboxMaxBytes) return true;
    this.becomeLate(now);
    return false;
  }

  append(encoding: Encoding, chunk: string): void {
    if (!encoding.options.batch) {
      this.frames += chunk;
      return;
    }
    if (this.batching !== encoding) {
      if (this.itemCount > 0) this.endBatch(this.openedAt);
      this.batching = encoding;
    }
    this.items = this.itemCount === 0 ? chunk.slice(encoding.separator.length) : this.items + chunk;
    this.itemCount++;
  }

  appendFrames(frames: string): void {
    this.frames += frames;
  }

  /** Remembers that a late client missed an update: it gets the newest value when it has caught up. */
  skip(group: Group): void {
    this.dropped++;
    this.counts.dropped++;
    (this.missed ??= new Set()).add(group);
  }

  /** Sends what the window has collected in one write. */
  flush(now: number): void {
    if (this.itemCount > 0) this.endBatch(now);
    if (this.frames === '') return;
    const frames = this.frames;
    this.frames = '';
    this.write(frames, this.probeIsDue(now));
  }

  /** Called by the door when the peer has read up to the probe. */
  probeAnswered(now: number): void {
    if (!this.probeOpen) return;
    this.probeOpen = false;
    if (this.lateSince === 0 || this.wire.buffered > this.policy.outboxMaxBytes) return;
    this.catchUp(now);
  }

  /** Keeps the connection honest between updates: probes a silent one, ends a hopeless one. Called about once a second. */
  sweep(now: number, heartbeatMs: number): void {
    this.endHopeless();
    if (this.lateSince !== 0 && now - this.lateSince > this.policy.slowDisconnectMs) this.close('SLOW_CONSUMER');
    else if (!this.probeOpen && (this.lateSince !== 0 || now - this.probeSentAt >= heartbeatMs)) this.probe(now);
    else if (this.lateSince === 0 && this.age(now) > heartbeatMs + this.policy.slowDisconnectMs)
      this.close('SLOW_CONSUMER');
  }

  close(reason: CloseReason): void {
    if (this.closed) return;
    this.closed = true;
    if (reason === 'SLOW_CONSUMER') this.counts.slowDisconnects++;
    this.wire.close(reason);
  }

  private endHopeless(): void {
    if (this.wire.buffered > HOPELESS_OUTBOXES * this.policy.outboxMaxBytes) this.close('SLOW_CONSUMER');
  }

  private write(frames: string, probe: boolean): void {
    if (this.closed) return;
    this.counts.writes++;
    this.counts.bytes += frames.length;
    this.wire.write(frames, probe);
  }

  private endBatch(now: number): void {
    this.frames += (this.batching as Encoding).batch(this.items, this.itemCount, now);
    this.items = '';
    this.itemCount = 0;
  }

  private probeIsDue(now: number): boolean {
    if (this.probeOpen || now - this.probeSentAt < this.policy.probeIntervalMs) return false;
    this.probeOpen = true;
    this.probeSentAt = now;
    return true;
  }

  private probe(now: number): void {
    this.probeOpen = true;
    this.probeSentAt = now;
    this.write('', true);
  }

  private becomeLate(now: number): void {
    this.lateSince = now;
    this.dropped = 0;
    this.send('slow', { dropped: 0, since: now, resumed: false });
    if (!this.probeOpen) this.probe(now);
  }

  private catchUp(now: number): void {
    const since = this.lateSince;
    this.lateSince = 0;
    this.send('slow', { dropped: this.dropped, since, resumed: true });
    for (const group of this.missed ?? []) {
      const { state, encoding } = group;
      const isCurrent = this.subscriptions.get(state.instrument.id)?.group === group;
      if (isCurrent && state.sequence > 0) this.frames += encoding.snapshot(state, now);
    }
    this.missed = undefined;
    this.flush(now);
  }
}
