import { ConfigError } from '#domain';
import { defineVendor } from '../define-vendor.js';
import { ReplayEnv } from './replay.env.js';
import { REPLAY, ReplayFeed } from './replay.feed.js';

/** A recorded day in place of a vendor. */
export const replay = defineVendor({
  id: REPLAY,
  env: ReplayEnv,
  secrets: ['key'],
  connect({ speed, loop, ...wanted }, { clock, secret, recordings }) {
    if (recordings === undefined) throw new ConfigError(['VENDORS: replay is not to be had here']);
    if ((wanted.date === undefined) === (wanted.file === undefined))
      throw new ConfigError(['REPLAY_DATE, REPLAY_FILE: one of the two says what is replayed']);
    const options = { speed: speed === 'max' ? ('max' as const) : Number(speed), loop };
    const feed = new ReplayFeed(recordings({ ...wanted, apiKey: secret('key') }), options, wanted.symbols, clock);
    return { feeds: [feed], sources: [], replays: [feed.control] };
  },
});
