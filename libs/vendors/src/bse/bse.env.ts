import { IsBoolean, IsInt, IsNumber, IsUrl, Max, Min } from 'class-validator';
import { EnvKey } from '#domain';

export class BseEnv {
  @EnvKey({ key: 'BSE_BASE_URL', description: 'Base of the quote routes' })
  @IsUrl({ require_tld: false, protocols: ['http', 'https'], require_protocol: true })
  baseUrl = 'https://api.bseindia.com/BseIndiaAPI/api';

  @EnvKey({
    key: 'BSE_REQUESTS_PER_SECOND',
    unit: 'requests/s',
    description: 'Calls in the long run; BSE publishes no limit, known clients keep to 8',
  })
  @IsNumber()
  @Min(0.1)
  requestsPerSecond = 8;

  @EnvKey({ key: 'BSE_BURST', unit: 'requests', description: 'Calls that may come at once after a pause' })
  @IsInt()
  @Min(1)
  burst = 20;

  @EnvKey({ key: 'BSE_CONCURRENCY', description: 'Calls under way at one time' })
  @IsInt()
  @Min(1)
  @Max(20)
  concurrency = 6;

  @EnvKey({ key: 'BSE_TIMEOUT_MS', unit: 'ms', description: 'Longest time a call may take' })
  @IsInt()
  @Min(100)
  timeoutMs = 5000;

  @EnvKey({
    key: 'BSE_TRADING_EVERY_MS',
    unit: 'ms',
    description: 'Time between two calls for the volume, average price and circuit limits of one scrip; 0 for none',
  })
  @IsInt()
  @Min(0)
  tradingEveryMs = 15_000;

  @EnvKey({ key: 'BSE_DEPTH', description: 'Best bid and ask, for one more call with every quote' })
  @IsBoolean()
  depth = false;

  @EnvKey({ key: 'BSE_COOKIES', description: 'Visit the site first and send its cookies, as a browser does' })
  @IsBoolean()
  cookies = false;

  @EnvKey({ key: 'BSE_WWW_URL', description: 'Page that gives the cookies' })
  @IsUrl({ require_tld: false, protocols: ['http', 'https'], require_protocol: true })
  wwwUrl = 'https://www.bseindia.com/';
}
