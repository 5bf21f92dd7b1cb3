import { ArrayMinSize, IsBoolean, IsIn, IsInt, IsString, IsUrl, Max, Min } from 'class-validator';
import { EnvKey } from '#domain';

export const ENTITLEMENTS = ['none', 'delayed', 'realtime'] as const;

export class AlphaVantageEnv {
  @EnvKey({ key: 'ALPHAVANTAGE_BASE_URL', description: 'Where the calls go' })
  @IsUrl({ require_tld: false, protocols: ['http', 'https'], require_protocol: true })
  baseUrl = 'https://www.alphavantage.co';

  @EnvKey({
    key: 'ALPHAVANTAGE_ENTITLEMENT',
    description:
      'US data of the plan: none (end of day), delayed (15 minutes) or realtime, which also has quotes of 100 symbols a call',
  })
  @IsIn(ENTITLEMENTS)
  entitlement: (typeof ENTITLEMENTS)[number] = 'none';

  @EnvKey({ key: 'ALPHAVANTAGE_EXCHANGES', description: 'Exchanges it is asked for' })
  @ArrayMinSize(1)
  @IsString({ each: true })
  exchanges: string[] = ['NASDAQ', 'NYSE', 'BSE'];

  @EnvKey({
    key: 'ALPHAVANTAGE_INTRADAY',
    description: 'Take the last price from a one-minute bar where there is no quote',
  })
  @IsBoolean()
  intraday = true;

  @EnvKey({ key: 'ALPHAVANTAGE_REQUESTS_PER_MINUTE', unit: 'requests', description: 'What the plan gives a minute' })
  @IsInt()
  @Min(1)
  requestsPerMinute = 5;

  @EnvKey({
    key: 'ALPHAVANTAGE_REQUESTS_PER_DAY',
    unit: 'requests',
    description: 'What the plan gives a day; 0 for no limit, which also lifts the limit of one a second',
  })
  @IsInt()
  @Min(0)
  requestsPerDay = 25;

  @EnvKey({
    key: 'ALPHAVANTAGE_SPREAD_DAY',
    description: "Spread the day's requests evenly over the day instead of spending them as soon as they are wanted",
  })
  @IsBoolean()
  spreadDay = true;

  @EnvKey({
    key: 'ALPHAVANTAGE_SYMBOLS_PER_CALL',
    unit: 'symbols',
    description: 'Quotes asked for in one call, where the plan has it',
  })
  @IsInt()
  @Min(1)
  @Max(100)
  symbolsPerCall = 100;

  @EnvKey({ key: 'ALPHAVANTAGE_TIMEOUT_MS', unit: 'ms', description: 'Longest time a call may take' })
  @IsInt()
  @Min(100)
  timeoutMs = 10_000;
}
