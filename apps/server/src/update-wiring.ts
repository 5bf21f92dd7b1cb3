import { randomBytes } from 'node:crypto';
import type { QuoteState } from '#cache';
import type { Clock, InstrumentId, Log } from '#domain';
import {
  CatchUp,
  type Fleet,
  SharedLog,
  type Tenure,
  TickForwarder,
  UpdateFollower,
  UpdatePublisher,
  UpdateShards,
} from '#fleet';
import type { Arrivals } from '#fetcher';
import { type Parts, publish } from './wiring.js';

export interface UpdateOptions {
  /** Of all keys and channels. */
  readonly keyPrefix: string;
  /** How long changes are kept for clients that return, ms. */
  readonly replayMs: number;
}

/** This node's quotes and those of the fleet's other nodes: the same, whoever the owner is. */
export interface UpdateLife {
  start(): void;
  stop(): void;
  /** Resolves when this node, the owner, has taken over the fleet's quotes and its epoch has begun. */
  begin(tenure: Tenure): Promise<void>;
  /** This node is not the owner any more. */
  end(): void;
  /** Replaces the set of instruments whose quotes are wanted here. */
  want(ids: ReadonlySet<InstrumentId>): void;
  /** Replaces the set of instruments of which some node needs each tick. */
  needTicks(ids: ReadonlySet<InstrumentId>): void;
}

/** The owner's quotes flow to the other nodes, positions and all. */
export function wireUpdates(
  parts: Parts,
  arrivals: Arrivals,
  {
    redis,
    config,
    ownership,
  }: Pick<Fleet, 'redis' | 'config'> & { readonly ownership: Pick<Fleet['ownership'], 'steppedOver' | 'state'> },
  { keyPrefix, replayMs }: UpdateOptions,
  clock: Clock,
  log: Log,
): UpdateLife {
  const { conflator, demand, freshness, hub, lastValues, pipeline, replay } = parts;
  const shards = new UpdateShards(keyPrefix, config.fleetShards);
  const publisher = new UpdatePublisher(redis, shards, lastValues, clock, log, replayMs);
  const follower = new UpdateFollower(redis, shards, lastValues, clock, log);
  const sharedLog = new SharedLog(redis, shards);
  const forwarder = new TickForwarder(hub.channels.followed, (forwarded) => publisher.forward(forwarded));

  /** Between another node's positions and an epoch of ours. */
  let isTakingOver = false;
  const window = (moved: Iterable<QuoteState>): void => {
    // positions that another node counts are not ours to move
    // nor may they move before Redis has said whether they are still ours
    if (isTakingOver || follower.isAttached || ownership.state === 'unsure') return;
    const deltas = lastValues.advance(moved);
    // to the other nodes first: they fan out while we do
    publisher.publish(deltas);
    publish(parts, deltas);
  };
  const judge = (states: Iterable<QuoteState>): void => freshness.check(states, (state) => conflator.mark(state));
  conflator.onWindow(window);

  publisher.join({
    restart(epoch) {
      isTakingOver = false;
      hub.restart(epoch);
      // what was as fresh as another node said is now as fresh as we know
      judge(lastValues.known());
    },
    advance: window,
    statusOf: ({ instrument }) => freshness.of(instrument.id),
    mayPublish: () => ownership.state !== 'unsure',
  });
  publisher.onFenced((laterTerm) => ownership.steppedOver(laterTerm));
  freshness.onChange((state) => publisher.restate(state));
  pipeline.follow(forwarder);

  follower.join({
    restart: (epoch) => hub.restart(epoch),
    publish: (states) => publish(parts, states),
    told(states) {
      judge(states.filter(({ instrument: { id } }) => freshness.of(id) !== follower.statusOf(id)));
      if (!arrivals.awaited) return;
      for (const { instrument } of states) {
        const status = follower.statusOf(instrument.id);
        if (status !== undefined && status !== 'delayed' && status !== 'stale') arrivals.arrived(instrument.id);
      }
    },
    ticks(ticks) {
      for (const { tick, volume, isLate } of ticks) {
        const state = lastValues.peek(tick.instrument);
        if (state === undefined) continue;
        if (tick.book !== undefined && !isLate) state.takeBook(tick.book, tick.vendor);
        const followed = hub.channels.followed.get(tick.instrument);
        if (isLate) followed?.late(tick);
        else followed?.accepted(tick, volume);
      }
      hub.channels.publish();
    },
    detached() {
      hub.restart(randomBytes(6).toString('base64url'));
      judge(lastValues.all());
      window([...lastValues.known()]);
    },
  });
  follower.onOwner(({ term }) => ownership.steppedOver(term));
  freshness.believe({
    get isUsed() {
      return follower.isRunning;
    },
    wants: (id) => follower.wants(id),
    vouchedAt: (id) => follower.vouchedAt(id),
    statusOf: (id) => follower.statusOf(id),
  });
  const request = (ids: readonly InstrumentId[]): void => {
    for (const id of ids) demand.request(id);
    follower.want(demand.own());
  };
  hub.recoverWith(new CatchUp(follower, sharedLog, lastValues, replay, arrivals, clock, request));

  let begun: { readonly tenure: Tenure; readonly done: Promise<void> } | undefined;
  return {
    start: () => follower.start(),
    stop() {
      publisher.end();
      follower.stop();
    },
    begin(tenure) {
      if (begun?.tenure === tenure) return begun.done;
      // a tenure may have ended before its epoch could begin
      const isNew = tenure.isNew || hub.epoch !== tenure.epoch;
      isTakingOver = isNew;
      follower.stop(tenure.term);
      begun = { tenure, done: publisher.begin({ ...tenure, isNew }) };
      return begun.done;
    },
    end() {
      begun = undefined;
      isTakingOver = false;
      publisher.end();
      follower.start();
    },
    want: (ids) => follower.want(ids),
    needTicks: (ids) => forwarder.want(ids),
  };
}
