import { ConfigError, type Feed, type SnapshotSource } from '#domain';
import { defineVendor } from '../define-vendor.js';
import { accountOf } from './twelvedata.account.js';
import { TwelveDataEnv } from './twelvedata.env.js';
import { twelveDataFeed } from './twelvedata.feed.js';
import { twelveDataSource } from './twelvedata.source.js';

/** Twelve Data: a price stream, and batches of quotes that cost credits. */
export const twelvedata = defineVendor({
  id: 'twelvedata',
  env: TwelveDataEnv,
  connect(env, tools) {
    const account = accountOf(env, tools);
    const feeds: Feed[] = env.stream ? [twelveDataFeed(env, account, tools)] : [];
    const sources: SnapshotSource[] = env.poll ? [twelveDataSource(env, account, tools)] : [];
    if (feeds.length + sources.length === 0)
      throw new ConfigError(['TWELVEDATA_STREAM, TWELVEDATA_POLL: one of them must be true']);
    return { feeds, sources };
  },
});
