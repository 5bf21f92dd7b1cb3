import { expect, it } from 'vitest';
import { topicOf } from './fyers-topics.js';

it.each<[string, string, string | undefined]>([
  ['NSE:SBIN-EQ', '10100000003045', 'sf|nse_cm|3045'],
  ['BSE:RELIANCE-A', '1210000000500325', 'sf|bse_cm|500325'],
  ['NSE:BAJAJ-AUTO26NOVFUT', '101126112635001', 'sf|nse_fo|35001'],
  ['MCX:SILVER26MARFUT', '1120260305451666', 'sf|mcx_fo|451666'],
  ['NSE:NIFTY50-INDEX', '101000000026000', 'if|nse_cm|Nifty 50'],
  ['BSE:SENSEX-INDEX', '12100000001', 'if|bse_cm|SENSEX'],
  ['NSE:NIFTYOTHER-INDEX', '101000000026099', 'if|nse_cm|NIFTYOTHER'],
  ['NSE:X-EQ', '99990000003045', undefined],
  ['NSE:X-EQ', '1010000000', undefined],
  ['NSE:X-EQ', '', undefined],
  ['NSE:X-EQ', 'constructor', undefined],
])('%s with the token %s is %s', (symbol, token, topic) => {
  expect(topicOf(symbol, token)).toBe(topic);
});
