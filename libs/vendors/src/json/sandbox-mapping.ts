/** The sandbox's JSON stream, and an example of a mapping: what a file named by `JSON_MAPPING` holds. */
export const sandboxMapping = {
  url: 'ws://127.0.0.1:3001/json/stream',
  exchanges: ['NSE', 'BSE'],
  vendorSymbol: '${id}',
  subscribe: { template: { op: 'subscribe', symbols: '${symbols}' } },
  unsubscribe: { template: { op: 'unsubscribe', symbols: '${symbols}' } },
  fatal: [{ path: 'type', equals: 'unauthorised' }],
  deadAfterMs: 6000,
  rules: [
    {
      each: 'data',
      map: {
        symbol: 's',
        time: { path: 't', unit: 'ms' },
        price: 'p',
        volume: 'v',
        bid: 'b',
        ask: 'a',
        bidSize: 'bs',
        askSize: 'as',
        lastSize: 'ls',
        averagePrice: 'ap',
        open: 'o',
        high: 'h',
        low: 'l',
        previousClose: 'pc',
        lowerCircuit: 'lc',
        upperCircuit: 'uc',
        halted: 'x',
      },
    },
  ],
};
