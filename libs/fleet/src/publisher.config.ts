import { IsInt, Max, Min } from 'class-validator';
import { EnvKey } from '#domain';

/** What programs outside may publish; read when Redis is named. */
export class PublisherConfig {
  @EnvKey({
    key: 'PUBLISHER_SILENCE_MS',
    unit: 'ms',
    description: 'A symbol that nobody has published for this long goes to the next vendor',
  })
  @IsInt()
  @Min(1000)
  @Max(600_000)
  publisherSilenceMs = 10_000;

  @EnvKey({
    key: 'PUBLISHER_MAX_CHARS',
    unit: 'characters',
    description: 'Longest message on market-data:updates and market-data:control',
  })
  @IsInt()
  @Min(1024)
  @Max(4_194_304)
  publisherMaxChars = 262_144;
}
