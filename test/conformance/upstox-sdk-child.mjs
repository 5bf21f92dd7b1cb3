// Runs the official SDK against the URL of argv, in a process of its own: it reads with a protobufjs of its own, and writes to the console.
// Sends its parent every frame twice: as it came, and as the SDK decodes it; and what its REST part reads.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const Upstox = require('upstox-js-sdk');
const { MarketDataFeederV3 } = require('upstox-js-sdk/dist/feeder/MarketDataFeederV3.js');

const [url, token] = process.argv.slice(2);
Upstox.ApiClient.instance.basePath = url;
Upstox.ApiClient.instance.authentications.OAUTH2.accessToken = token;

const { connectWebSocket, decodeProtobuf } = MarketDataFeederV3.prototype;
// the address of the stream is a literal in the SDK
MarketDataFeederV3.prototype.connectWebSocket = async function (address, accessToken) {
  // frames that come before the schema is loaded would be lost
  while (this.protobufRoot === null) await new Promise((resolve) => setTimeout(resolve, 5));
  return connectWebSocket.call(this, address.replace('wss://api.upstox.com', url.replace('http', 'ws')), accessToken);
};
MarketDataFeederV3.prototype.decodeProtobuf = function (frame) {
  const decoded = decodeProtobuf.call(this, frame);
  process.send({ frame: frame.toString('base64'), view: JSON.stringify(decoded) });
  return decoded;
};

new Upstox.WebsocketApi().getMarketDataFeedAuthorizeV3((error, data) => {
  process.send({ authorized: error === null ? data.data.authorizedRedirectUri : String(error) });
});

const streamer = new Upstox.MarketDataStreamerV3();
streamer.autoReconnect(false);
streamer.on('open', () => process.send({ open: true }));
streamer.on('error', (error) => process.send({ failed: String(error) }));
process.on('message', ({ method, keys, mode }) => streamer[method](keys, mode));
process.on('disconnect', () => process.exit(0));
await streamer.connect();
