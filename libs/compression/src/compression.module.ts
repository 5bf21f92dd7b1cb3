import { type DynamicModule, Module } from '@nestjs/common';
import { Epoch } from '#domain';
import { Encodings } from './encodings.js';

/** The wire formats. */
@Module({})
export class CompressionModule {
  static register(): DynamicModule {
    const encodings = { provide: Encodings, inject: [Epoch], useFactory: (epoch: Epoch) => new Encodings(epoch) };
    return { module: CompressionModule, global: true, providers: [encodings], exports: [encodings] };
  }
}
