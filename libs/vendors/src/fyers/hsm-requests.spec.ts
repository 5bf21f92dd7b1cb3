import { expect, it } from 'vitest';
import {
  acknowledgement,
  authRequest,
  modeRequest,
  PING,
  subscribeRequest,
  unsubscribeRequest,
} from './hsm-requests.js';

// as the vendor's own client was seen to send them
it.each<[string, Buffer, string]>([
  [
    'connects',
    authRequest('HSMKEY123'),
    '001f 01 04 01 0009 48534d4b4559313233 02 0001 50 03 0001 01 04 0006 4a535f415049',
  ],
  [
    'subscribes',
    subscribeRequest(['sf|nse_cm|3045']),
    '001a 04 02 01 0011 0001 0e 73667c6e73655f636d7c33303435 02 0001 0b',
  ],
  [
    'unsubscribes two',
    unsubscribeRequest(['sf|nse_cm|3045', 'if|nse_cm|Nifty 50']),
    '002d 05 02 01 0024 0002 0e 73667c6e73655f636d7c33303435 12 69667c6e73655f636d7c4e69667479203530 02 0001 0b',
  ],
  ['asks for prices only', modeRequest('lite'), '0011 0c 02 01 0008 0000000000000800 02 0001 4c'],
  ['asks for all fields', modeRequest('full'), '0011 0c 02 01 0008 0000000000000800 02 0001 46'],
  ['acknowledges a message', acknowledgement(2), '0009 03 01 01 0004 00000002'],
  ['acknowledges the last number there is', acknowledgement(0xffffffff), '0009 03 01 01 0004 ffffffff'],
  ['shows that it is there', PING, '00010b'],
])('%s', (_, message, hex) => {
  expect(message.toString('hex')).toBe(hex.replaceAll(' ', ''));
});
