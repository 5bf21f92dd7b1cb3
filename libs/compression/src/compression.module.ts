import { type DynamicModule, Module } from '@nestjs/common';
import { Encodings } from './encodings.js';

/** The wire formats. */
@Module({})
export class CompressionModule {
  /** @param epoch names the process life in snapshots */
  static register(epoch: string): DynamicModule {
    const encodings = { provide: Encodings, useFactory: () => new Encodings(epoch) };
    return { module: CompressionModule, global: true, providers: [encodings], exports: [encodings] };
  }
}
