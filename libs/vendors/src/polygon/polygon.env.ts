import { ArrayMinSize, ArrayUnique, IsArray, IsBoolean, IsIn, IsInt, IsUrl, Max, Min } from 'class-validator';
import { EnvKey } from '#domain';
import { type Channel, CHANNELS } from './polygon.channels.js';

export class PolygonEnv {
  @EnvKey({ key: 'POLYGON_URL', description: 'Stocks stream; wss://delayed.massive.com/stocks for delayed plans' })
  @IsUrl({ require_tld: false, protocols: ['ws', 'wss'], require_protocol: true })
  url = 'wss://socket.massive.com/stocks';

  @EnvKey({
    key: 'POLYGON_CHANNELS',
    description: 'T trades, Q quotes, A bars of a second, AM bars of a minute, comma-separated',
  })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayUnique()
  @IsIn(CHANNELS, { each: true })
  channels: Channel[] = ['T', 'Q', 'AM'];

  @EnvKey({ key: 'POLYGON_LOT_SIZE', unit: 'shares', description: 'What one of a quote size stands for' })
  @IsInt()
  @Min(1)
  @Max(10_000)
  lotSize = 100;

  @EnvKey({
    key: 'POLYGON_EXTENDED_HOURS',
    description: 'Let trades before and after regular hours move the price, which the tapes do not',
  })
  @IsBoolean()
  extendedHours = false;

  @EnvKey({
    key: 'POLYGON_DEAD_AFTER_MS',
    unit: 'ms',
    description: 'Silence after which a connection counts as stalled; answers to pings end it, so quiet hours do not',
  })
  @IsInt()
  @Min(500)
  deadAfterMs = 30_000;
}
