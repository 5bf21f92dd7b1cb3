import { IsIn, IsInt, IsString, IsUrl, Max, Min } from 'class-validator';
import { EnvKey } from '#domain';
import type { UpstoxMode, UpstoxTier } from './upstox.limits.js';

export class UpstoxEnv {
  @EnvKey({ key: 'UPSTOX_BASE_URL', description: 'Base of the API, which gives the address of the stream' })
  @IsUrl({ require_tld: false, protocols: ['http', 'https'], require_protocol: true })
  baseUrl = 'https://api.upstox.com';

  @EnvKey({
    key: 'UPSTOX_TOKEN_FILE',
    description:
      "File with the day's access token, read anew for every connection; UPSTOX_SECRET_ACCESS_TOKEN when empty",
  })
  @IsString()
  tokenFile = '';

  @EnvKey({
    key: 'UPSTOX_MODE',
    description: 'ltpc: price and previous close; full: also five levels, volume and day values; full_d30: 30 levels',
  })
  @IsIn(['ltpc', 'full', 'full_d30'])
  mode: UpstoxMode = 'full';

  @EnvKey({ key: 'UPSTOX_TIER', description: 'Plan of the account: normal allows 2 connections, plus 5 and full_d30' })
  @IsIn(['normal', 'plus'])
  tier: UpstoxTier = 'normal';

  @EnvKey({
    key: 'UPSTOX_SOCKETS',
    description: 'Connections we may use; those of other programs of the account count against the same limit',
  })
  @IsInt()
  @Min(1)
  @Max(5)
  sockets = 1;
}
