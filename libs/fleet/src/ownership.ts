import type { Cancel, Clock, Log, Random } from '#domain';
import type { RedisConnection } from '#redis';
import type { WithoutRedis } from './fleet.config.js';
import type { Hold, Lease } from './lease.js';
import { Rivals } from './rivals.js';
import { Silence } from './silence.js';

/**
 * What this node is in the fleet.
 * `owner`   holds the lease by our own clock: talks to vendors and publishes
 * `unsure`  the lease is over by our clock and Redis has not answered since: does neither
 * `alone`   Redis does not answer: goes on for its own clients
 * `waiting` Redis does not answer, and another node may have the lease by now: calls no vendor, and serves what it knows
 * `standby` another node is the owner, or none yet
 */
export type OwnerState = 'owner' | 'unsure' | 'alone' | 'waiting' | 'standby';

/** One stretch of ownership. */
export interface Tenure {
  /** Grows with every change of the owner: what is written under a lower one is refused. */
  readonly term: number;
  /** In which sequences count. */
  readonly epoch: string;
  /** False: the same epoch goes on. */
  readonly isNew: boolean;
}

export interface OwnershipOptions {
  readonly nodeId: string;
  /** False for a node that never becomes the owner. */
  readonly mayOwn: boolean;
  /** How long Redis takes at most to answer a command, ms. */
  readonly redisTimeoutMs: number;
  readonly withoutRedis: WithoutRedis;
}

/** Everybody has connected again when Redis has been back for so long, ms. */
const BACK_WITHIN_MS = 1500;
/** Renewals, and a standby's tries, in one lease. */
const RENEWALS = 3;
const TRIES = 6;

/** Keeps the lease of ingest, or waits for it. */
export class Ownership {
  readonly nodeId: string;
  private current: Tenure | undefined;
  /** Highest term anybody is known to have had. */
  private seen = 0;
  /** Until when the lease is ours, by `elapsed` and by the wall clock: the one may stand still while a machine sleeps. */
  private until = { elapsed: 0, now: 0 };
  private readonly silence: Silence;
  private readonly rivals: Rivals;
  /** It has been `waiting` since Redis last answered. */
  private hasStopped = false;
  private told: OwnerState = 'standby';
  private toldAt: number;
  private readonly tenureListeners: ((tenure: Tenure | undefined) => void)[] = [];
  private readonly stateListeners: ((state: OwnerState) => void)[] = [];
  private cancelStep: Cancel | undefined;
  private cancelExpiry: Cancel | undefined;
  private asking: Promise<void> | undefined;
  /** Asked for while an answer was awaited that may be older. */
  private isHurried = false;
  private isRunning = false;
  /** Until when a free lease is left alone, by `elapsed`. */
  private patientUntil = -Infinity;
  /** Redis has not answered, though it may have done what it was asked. */
  private isUnanswered = false;
  /** The lease was found free, or may have been free, and the term that begins with it has not been answered yet. */
  private isTermOpen = false;

  constructor(
    private readonly lease: Lease,
    private readonly redis: RedisConnection,
    private readonly options: OwnershipOptions,
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly log: Log,
  ) {
    this.nodeId = options.nodeId;
    this.toldAt = clock.now();
    this.silence = new Silence(lease.ms, options.redisTimeoutMs);
    this.rivals = new Rivals(lease.ms);
  }

  /** Looks at the clocks each time it is read. */
  get state(): OwnerState {
    if (this.current === undefined) return 'standby';
    if (this.clock.elapsed() < this.until.elapsed && this.clock.now() < this.until.now) return 'owner';
    if (!this.silence.isProven(this.clock.elapsed())) return 'unsure';
    return this.mayGoOn ? 'alone' : 'waiting';
  }

  /** Whether vendors may be called without Redis: nobody else could have the lease, or it is worth the risk. */
  private get mayGoOn(): boolean {
    const { withoutRedis } = this.options;
    if (withoutRedis !== 'auto') return withoutRedis === 'serve';
    // signs that come and go must not open and close the vendors' streams in turns
    return !this.hasStopped && (this.rivals.areNone || this.redis.isRefused);
  }

  /** Whether vendors may be called and quotes published at this moment. */
  get mayIngest(): boolean {
    const { state } = this;
    return state === 'owner' || state === 'alone';
  }

  /** Since when the state has been what it is, Unix ms. */
  get since(): number {
    return this.toldAt;
  }

  get tenure(): Tenure | undefined {
    return this.current;
  }

  /** Called when a tenure begins, and with undefined when it is over. */
  onChange(listener: (tenure: Tenure | undefined) => void): void {
    this.tenureListeners.push(listener);
  }

  /** Called after a change of the state; the end of a lease is noticed within a moment. */
  onState(listener: (state: OwnerState) => void): void {
    this.stateListeners.push(listener);
  }

  /** Someone has proved a later term: we are not the owner, whatever our clock says. */
  steppedOver(term: number): void {
    if (term <= this.seen) return;
    this.seen = term;
    if (this.current === undefined) return;
    this.log.warn({ term: this.current.term, laterTerm: term }, 'another node has a later term');
    this.standBy();
  }

  start(): void {
    if (!this.options.mayOwn || this.isRunning) return;
    this.isRunning = true;
    // found away, it comes back to whoever went on without it
    let isBack = !this.redis.isUp;
    this.redis.onChange((isUp) => {
      if (!isUp) return;
      // it may have come back empty: whoever went on alone meanwhile keeps its ownership, and its clients their epoch
      const now = this.clock.elapsed();
      // a connection that comes and goes must not keep this node waiting
      if (isBack && now > this.patientUntil + this.lease.ms)
        this.patientUntil = now + Math.max(this.lease.ms / 2, BACK_WITHIN_MS);
      isBack = true;
      this.hurry();
    });
    this.hurry();
  }

  /** Its holder has given the lease up. */
  freed(): void {
    this.patientUntil = 0;
    this.hurry();
  }

  private hurry(): void {
    this.isHurried = this.asking !== undefined;
    if (!this.isRunning || this.isHurried) return;
    this.cancelStep?.();
    this.asking = this.step().finally(() => {
      this.asking = undefined;
      if (this.isHurried) this.hurry();
    });
  }

  /** Steps down, gives the lease up, and tells the others that it is free. */
  async stop(): Promise<void> {
    if (!this.isRunning) return;
    this.isRunning = false;
    this.cancelStep?.();
    this.standBy();
    await this.asking;
    await this.lease.release().catch(() => undefined);
  }

  private async step(): Promise<void> {
    const startedAt = { elapsed: this.clock.elapsed(), now: this.clock.now() };
    await this.ask(startedAt);
    this.notice();
    if (!this.isRunning) return;
    const isCalm = this.current !== undefined && this.told === 'owner';
    this.cancelStep = this.clock.after(this.lease.ms / (isCalm ? RENEWALS : TRIES), () => this.hurry());
  }

  private async ask(startedAt: { elapsed: number; now: number }): Promise<void> {
    try {
      const mayTake = this.current !== undefined || startedAt.elapsed >= this.patientUntil;
      const hold = await this.lease.hold(mayTake);
      if (hold.holder === this.nodeId) await this.held(startedAt, hold);
      else this.taken(hold.holder);
      this.isUnanswered = false;
      this.hasStopped = false;
      this.silence.end();
    } catch (error) {
      this.isUnanswered = true;
      this.silence.failed(startedAt.elapsed, this.clock.elapsed());
      this.log.debug({ error: String(error) }, 'the lease could not be asked for');
    }
  }

  private async held(startedAt: { elapsed: number; now: number }, { isFresh, hasRival }: Hold): Promise<void> {
    // an answer that was lost may have named who had the term before
    const wasLost = this.isTermOpen;
    const wasOver = isFresh || (this.isUnanswered && startedAt.elapsed >= this.until.elapsed);
    const isOurs = this.current !== undefined && !wasOver && !wasLost;
    this.isTermOpen = !isOurs;
    const begun = isOurs ? undefined : await this.lease.nextTerm(this.seen + 1);
    this.isTermOpen = false;
    if (!this.isRunning) return;
    this.until = { elapsed: startedAt.elapsed + this.lease.ms, now: startedAt.now + this.lease.ms };
    this.cancelExpiry?.();
    this.cancelExpiry = this.clock.after(this.until.elapsed - this.clock.elapsed() + 1, () => this.notice());
    this.rivals.renewed(hasRival, startedAt.elapsed, this.isUnanswered);
    if (begun !== undefined) this.begin(begun.term, wasLost ? undefined : begun.before);
  }

  private begin(term: number, before: string | undefined): void {
    // a later term was proved while we were asking
    if (term <= this.seen) return;
    this.seen = term;
    // a Redis that came back empty does not know, but whoever held the lease between would have been seen
    const kept = before === this.nodeId || before === '' ? this.current?.epoch : undefined;
    const epoch = kept ?? `${Math.floor(this.random() * 36 ** 6).toString(36)}-${term.toString(36)}`;
    this.current = { term, epoch, isNew: kept === undefined };
    if (kept === undefined) this.rivals.begin(this.clock.elapsed());
    this.log.info({ ...this.current }, 'this node is the owner');
    this.tell();
  }

  private taken(holder: string): void {
    if (this.current === undefined) return;
    this.log.warn({ holder }, 'another node is the owner');
    this.standBy();
  }

  private standBy(): void {
    this.cancelExpiry?.();
    if (this.current === undefined) return;
    this.current = undefined;
    this.tell();
  }

  private tell(): void {
    for (const listener of this.tenureListeners) listener(this.current);
    this.notice();
  }

  private notice(): void {
    const { state } = this;
    if (state === this.told) return;
    this.told = state;
    this.toldAt = this.clock.now();
    this.log.info({ state }, 'part in the fleet');
    if (state === 'alone') this.log.warn({}, 'Redis does not answer for the lease: this node goes on alone');
    if (state === 'waiting') {
      this.hasStopped = true;
      this.log.warn({}, 'Redis does not answer: no vendor is called until it does');
    }
    for (const listener of this.stateListeners) listener(state);
  }
}
