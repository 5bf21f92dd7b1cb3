import HSWebSocket from 'fyers-api-v3/HSM_Package/hslib.js';

/**
 * The vendor's own client in a process of its own, because parts of it set the time zone of the one they run in. Tells its parent what
 * it hands to its user: `{message}`, or `{failure}`. Arguments: URL, key, scrips such as `nse_cm|3045&nse_cm|1594`, indices such as
 * `nse_cm|Nifty 50`; either may be empty.
 */
const [url, key, scrips, indices] = process.argv.slice(2);
const CHANNEL = 11;
const client = new HSWebSocket();

client.onOpen = () => client.send(JSON.stringify({ type: 'cn', user: key, mode: 'P' }));
client.onMessage = (text) => {
  for (const message of [JSON.parse(text)].flat()) {
    process.send?.({ message });
    // the answer to the connection
    if (message.type !== 'cn') continue;
    if (indices) client.send(JSON.stringify({ type: 'ifs', scrips: indices, channelnum: CHANNEL }));
    if (scrips) client.send(JSON.stringify({ type: 'mws', scrips, channelnum: CHANNEL }));
  }
};
client.onError = (error) => process.send?.({ failure: String(error) });
client.onClose = () => process.send?.({ failure: 'closed' });
process.on('uncaughtException', (error) => process.send?.({ failure: String(error) }));
process.on('disconnect', () => process.exit(0));
client.connect(url);
