import { describe, expect, expectTypeOf, it } from 'vitest';
import type { Quote as ServerQuote } from '#domain';
import type { ServerMessages } from '#protocol';
import {
  type BatchUpdateMessage,
  type CandleSnapshotMessage,
  type CandleUpdateMessage,
  type ConnectedMessage,
  type DepthSnapshotMessage,
  type DepthUpdateMessage,
  type DrainingMessage,
  type ErrorMessage,
  type NoticeMessage,
  type Quote,
  readMessage,
  type SlowMessage,
  type SnapshotMessage,
  type StatusMessage,
  type SubscribedMessage,
} from './contract.js';

/** The SDK is published alone, so it has the contract once more; the compiler sees here that both say the same. */
it('takes what the server says by its own types', () => {
  expectTypeOf<ServerQuote>().toExtend<Quote>();
  expectTypeOf<keyof ServerQuote>().toEqualTypeOf<keyof Quote>();
  expectTypeOf<ServerMessages['connected']>().toExtend<Omit<ConnectedMessage, 'type'>>();
  expectTypeOf<ServerMessages['snapshot']>().toExtend<Omit<SnapshotMessage, 'type'>>();
  expectTypeOf<ServerMessages['batch_update']>().toExtend<Omit<BatchUpdateMessage, 'type'>>();
  expectTypeOf<ServerMessages['depth_snapshot']>().toExtend<Omit<DepthSnapshotMessage, 'type'>>();
  expectTypeOf<ServerMessages['depth_update']>().toExtend<Omit<DepthUpdateMessage, 'type'>>();
  expectTypeOf<ServerMessages['candle_snapshot']>().toExtend<Omit<CandleSnapshotMessage, 'type'>>();
  expectTypeOf<ServerMessages['candle_update']>().toExtend<Omit<CandleUpdateMessage, 'type'>>();
  expectTypeOf<ServerMessages['status']>().toExtend<Omit<StatusMessage, 'type'>>();
  expectTypeOf<ServerMessages['slow']>().toExtend<Omit<SlowMessage, 'type'>>();
  expectTypeOf<ServerMessages['draining']>().toExtend<Omit<DrainingMessage, 'type'>>();
  expectTypeOf<ServerMessages['notice']>().toExtend<Omit<NoticeMessage, 'type'>>();
  expectTypeOf<Omit<ServerMessages['error'], 'id'>>().toExtend<Omit<ErrorMessage, 'type' | 'id'>>();
  expectTypeOf<ServerMessages['subscribed']>().toExtend<Omit<SubscribedMessage, 'type'>>();
});

describe('a message', () => {
  it.each([
    [undefined],
    [[]],
    ['text'],
    [{}],
    [{ type: 'snapshot', symbol: 'NSE:TCS', seq: 1, data: {}, timestamp: 1 }],
    [{ type: 'batch_update', updates: [{ symbol: 'NSE:TCS', seq: '1', data: {} }], timestamp: 1 }],
    [{ type: 'depth_update', symbol: 'NSE:TCS', seq: 1, data: { bids: 1 } }],
    [{ type: 'candle_update', symbol: 'NSE:TCS', seq: 1, interval: '1m', data: {} }],
    [{ type: 'connected', epoch: 'e', timestamp: 1 }],
  ])('that is none of the contract is refused: %j', (value) => {
    expect(() => readMessage(value)).toThrow(TypeError);
  });

  it('of a type that came later is passed on', () => {
    expect(readMessage({ type: 'trade_update', price: 1 })).toEqual({ type: 'trade_update', price: 1 });
    expect(readMessage({ type: 'constructor' })).toEqual({ type: 'constructor' });
  });
});
