import { type ConnectOptions, settingsOf } from './options.js';
import { Tickwire } from './tickwire.js';

/**
 * Makes a client and connects it. It reconnects by itself and never throws later: what goes wrong is an `error` event.
 * @throws TypeError if the options contradict each other, or there is no WebSocket to connect with
 */
export function connect(options: ConnectOptions): Tickwire {
  const tickwire = new Tickwire(settingsOf(options));
  if (options.autoConnect !== false) tickwire.connect();
  return tickwire;
}
