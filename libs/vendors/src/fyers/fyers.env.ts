import { IsIn, IsInt, IsString, IsUrl, Max, Min } from 'class-validator';
import { EnvKey } from '#domain';
import type { HsmMode } from './hsm-protocol.js';

export class FyersEnv {
  @EnvKey({ key: 'FYERS_URL', description: 'Data stream' })
  @IsUrl({ require_tld: false, protocols: ['ws', 'wss'], require_protocol: true })
  url = 'wss://socket.fyers.in/hsm/v1-5/prod';

  @EnvKey({ key: 'FYERS_REST_URL', description: 'Base of the REST routes; symbols are looked up there' })
  @IsUrl({ require_tld: false, protocols: ['http', 'https'], require_protocol: true })
  restUrl = 'https://api-t1.fyers.in/data';

  @EnvKey({
    key: 'FYERS_TOKEN_FILE',
    description:
      'File with the access token of the day, APPID:JWT, read anew for every connection; FYERS_SECRET_ACCESS_TOKEN when empty',
  })
  @IsString()
  tokenFile = '';

  @EnvKey({ key: 'FYERS_SOCKETS', description: 'Most connections at one time, 200 symbols each' })
  @IsInt()
  @Min(1)
  @Max(25)
  sockets = 5;

  @EnvKey({ key: 'FYERS_MODE', description: 'full: every field; lite: after the first value only prices' })
  @IsIn(['full', 'lite'])
  mode: HsmMode = 'full';
}
