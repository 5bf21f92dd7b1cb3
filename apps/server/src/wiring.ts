import type { LastValueStore, QuoteState, RecentUpdates, RedisMirror, ReplayBuffer } from '#cache';
import type { Delta } from '#domain';
import type { ActiveSymbolsJob, Demand, FeedSupervisor, Freshness, QuotePipeline } from '#fetcher';
import type { Conflator, Hub } from '#subscription';

/** The parts of the tick path, in the order a price meets them. */
export interface Parts {
  readonly supervisor: FeedSupervisor;
  readonly pipeline: QuotePipeline;
  readonly conflator: Conflator;
  readonly lastValues: LastValueStore;
  readonly hub: Hub;
  readonly recent: RecentUpdates;
  readonly replay: ReplayBuffer;
  readonly mirror: RedisMirror;
  readonly demand: Demand;
  readonly job: ActiveSymbolsJob;
  readonly freshness: Freshness;
}

/** On its own a server moves all positions itself, and offers what its vendors have; in a fleet that is for `fleet-wiring.ts` and `update-wiring.ts`. */
export function wireAlone(parts: Parts): void {
  const { conflator, hub, supervisor } = parts;
  conflator.onWindow((moved) => void advance(parts, moved));
  hub.offerOnly((instrument) => supervisor.isCarried(instrument));
}

/** Quotes flow down to the sockets, demand flows up to the vendors. */
export function wire(parts: Parts): void {
  const { supervisor, pipeline, hub, demand, job, freshness } = parts;

  hub.believe(freshness);
  hub.onDemand((wanted) => {
    demand.subscribe(wanted);
    job.run();
    checkFreshness(parts);
  });
  supervisor.onStatus(() => {
    job.refreshDue();
    checkFreshness(parts);
  });

  pipeline.follow(hub.channels.followed);
  supervisor.start(pipeline);
}

/** Moves each instrument that differs one sequence on, and publishes that. */
export function advance(parts: Parts, moved: Iterable<QuoteState>): readonly Delta[] {
  const deltas = parts.lastValues.advance(moved);
  publish(parts, deltas);
  return deltas;
}

/** Hands one window's changes to everybody on this node who is told of quotes. */
export function publish({ hub, recent, replay, mirror }: Parts, deltas: readonly Delta[]): void {
  hub.publish(deltas);
  hub.channels.publish();
  for (const delta of deltas) {
    recent.add(delta);
    replay.add(delta);
  }
  mirror.note(deltas);
}

/** Marks quotes that nobody confirms, and those that are confirmed again; the marks travel like any other change. */
export function checkFreshness({ freshness, lastValues, conflator }: Parts): void {
  freshness.check(lastValues.all(), (state) => conflator.mark(state));
}
