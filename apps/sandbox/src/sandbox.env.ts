import { IsIn, IsInt, IsNumber, IsString, Max, Min } from 'class-validator';
import { EnvKey } from '#domain';

export class SandboxEnv {
  @EnvKey({ key: 'SANDBOX_PORT', description: 'TCP port; 0 takes a free one' })
  @IsInt()
  @Min(0)
  @Max(65_535)
  port = 3001;

  @EnvKey({ key: 'SANDBOX_HOST', description: 'Address to listen on' })
  @IsString()
  host = '127.0.0.1';

  @EnvKey({ key: 'SANDBOX_SEED', description: 'Start of all chance: the same seed trades the same market' })
  @IsInt()
  seed = 20_261_120;

  @EnvKey({ key: 'SANDBOX_SYNTHETIC', description: 'Invented instruments beside the real names' })
  @IsInt()
  @Min(0)
  @Max(5000)
  synthetic = 0;

  @EnvKey({ key: 'SANDBOX_TICKS_PER_SECOND', unit: '1/s', description: 'Mean rate of one instrument' })
  @IsNumber()
  @Min(0.01)
  @Max(100)
  ticksPerSecond = 2;

  @EnvKey({ key: 'SANDBOX_SESSION', description: 'always: trades day and night; clock: Indian trading hours' })
  @IsIn(['always', 'clock'])
  session: 'always' | 'clock' = 'always';

  @EnvKey({ key: 'SANDBOX_STEP_MS', unit: 'ms', description: 'Step of the market model' })
  @IsInt()
  @Min(1)
  @Max(1000)
  stepMs = 20;

  @EnvKey({ key: 'SANDBOX_MASTER', description: 'Instrument master with reference prices' })
  @IsString()
  master = 'data/instruments.csv';
}
