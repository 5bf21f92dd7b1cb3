import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import protobuf from 'protobufjs';

const sdk = dirname(createRequire(import.meta.url).resolve('upstox-js-sdk/package.json'));

/** `FeedResponse` as the schema in the vendor's own package has it. */
const FeedResponse = protobuf
  .loadSync(join(sdk, 'dist/feeder/proto/MarketDataFeedV3.proto'))
  .lookupType('com.upstox.marketdatafeederv3udapi.rpc.proto.FeedResponse');

/** A frame from its JSON view, by the vendor's schema: enums by name, 64-bit integers also as text. */
export function encodeByProto(view: object): Buffer {
  return Buffer.from(FeedResponse.encode(FeedResponse.fromObject(view)).finish());
}
