// npm run watch: shows live prices in the terminal over the plain WebSocket.
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import { fail } from './lib.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { url: { type: 'string', default: `ws://127.0.0.1:${process.env.PORT ?? 3000}/ws` } },
});
const symbols = positionals.length > 0 ? positionals : ['NSE:RELIANCE', 'NSE:TCS', 'NSE:HDFCBANK', 'BSE:500325'];

// the reader of our output may leave first: head, less
process.stdout.on('error', () => process.exit(0));

const socket = new WebSocket(values.url);
socket.on('error', (error) => fail(`${values.url}: ${error.message || error.code}`));
socket.on('close', (code, reason) => fail(`closed: ${code} ${reason}`));
socket.on('open', () => socket.send(JSON.stringify({ action: 'subscribe', symbols })));
socket.on('message', (text) => {
  const message = JSON.parse(text);
  if (message.type === 'subscribed')
    for (const { symbol, message: why } of message.rejected) console.error(`${symbol}: ${why}`);
  if (message.type === 'status') console.log(`${message.symbol.padEnd(16)} is ${message.state}, ${message.age} ms old`);
  if (message.type !== 'snapshot' && message.type !== 'price_update') return;
  const { symbol, price, change, changePercent = 0, volume, timestamp = '' } = message.data;
  const sign = change < 0 ? '' : '+';
  const columns = [
    timestamp.slice(11, 23),
    symbol.padEnd(16),
    String(price ?? '-').padStart(10),
    // a quote without a previous close has none
    (change === undefined ? '' : `${sign}${change} (${sign}${changePercent} %)`).padEnd(20),
  ];
  console.log([...columns, volume === undefined ? '' : `vol ${volume}`].join('  '));
});
