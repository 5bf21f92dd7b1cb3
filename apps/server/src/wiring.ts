import type { LastValueStore, RecentUpdates, ReplayBuffer } from '#cache';
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
  readonly demand: Demand;
  readonly job: ActiveSymbolsJob;
  readonly freshness: Freshness;
}

/** Quotes flow down to the sockets, demand flows up to the vendors. */
export function wire(parts: Parts): void {
  const { supervisor, pipeline, conflator, lastValues, hub, recent, replay, demand, job } = parts;

  conflator.onWindow((moved) => {
    const deltas = lastValues.advance(moved);
    hub.publish(deltas);
    hub.channels.publish();
    for (const delta of deltas) {
      recent.add(delta);
      replay.add(delta);
    }
  });

  hub.offerOnly((instrument) => supervisor.isCarried(instrument));
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

/** Marks quotes that nobody confirms, and those that are confirmed again; the marks travel like any other change. */
export function checkFreshness({ freshness, lastValues, conflator }: Parts): void {
  freshness.check(lastValues.all(), (state) => conflator.mark(state));
}
