import { ArrayMinSize, IsBoolean, IsInt, IsString, IsUrl, Max, Min } from 'class-validator';
import { EnvKey } from '#domain';

export class TwelveDataEnv {
  @EnvKey({ key: 'TWELVEDATA_BASE_URL', description: 'Base of the REST routes' })
  @IsUrl({ require_tld: false, protocols: ['http', 'https'], require_protocol: true })
  baseUrl = 'https://api.twelvedata.com';

  @EnvKey({ key: 'TWELVEDATA_STREAM_URL', description: 'URL of the price stream' })
  @IsUrl({ require_tld: false, protocols: ['ws', 'wss'], require_protocol: true })
  streamUrl = 'wss://ws.twelvedata.com/v1/quotes/price';

  @EnvKey({ key: 'TWELVEDATA_STREAM', description: 'Use the price stream' })
  @IsBoolean()
  stream = true;

  @EnvKey({ key: 'TWELVEDATA_POLL', description: 'Ask for quotes, which costs a credit each' })
  @IsBoolean()
  poll = true;

  @EnvKey({ key: 'TWELVEDATA_EXCHANGES', description: 'Exchanges whose instruments the plan includes' })
  @ArrayMinSize(1)
  @IsString({ each: true })
  exchanges: string[] = ['NASDAQ', 'NYSE', 'NSE', 'BSE'];

  @EnvKey({ key: 'TWELVEDATA_CREDITS_PER_MINUTE', unit: 'credits', description: 'What the plan gives a minute' })
  @IsInt()
  @Min(1)
  creditsPerMinute = 8;

  @EnvKey({
    key: 'TWELVEDATA_CREDITS_PER_DAY',
    unit: 'credits',
    description: 'What the plan gives a day; 0 for no limit',
  })
  @IsInt()
  @Min(0)
  creditsPerDay = 800;

  @EnvKey({
    key: 'TWELVEDATA_SPREAD_DAY',
    description: "Spread the day's credits evenly over the day instead of spending them as soon as they are wanted",
  })
  @IsBoolean()
  spreadDay = true;

  @EnvKey({ key: 'TWELVEDATA_SYMBOLS_PER_CALL', unit: 'symbols', description: 'Quotes asked for in one call' })
  @IsInt()
  @Min(1)
  @Max(120)
  symbolsPerCall = 60;

  @EnvKey({ key: 'TWELVEDATA_SOCKETS', description: 'Stream connections; the vendor closes the oldest beyond three' })
  @IsInt()
  @Min(1)
  @Max(3)
  sockets = 1;

  @EnvKey({ key: 'TWELVEDATA_SYMBOLS_PER_SOCKET', unit: 'symbols', description: 'Symbols the plan streams at a time' })
  @IsInt()
  @Min(1)
  symbolsPerSocket = 8;

  @EnvKey({ key: 'TWELVEDATA_TIMEOUT_MS', unit: 'ms', description: 'Longest time a call may take' })
  @IsInt()
  @Min(100)
  timeoutMs = 10_000;
}
