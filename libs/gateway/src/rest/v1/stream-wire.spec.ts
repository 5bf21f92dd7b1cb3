import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { messageEncoder } from '#compression';
import { Epoch, systemClock } from '#domain';
import { until } from '../../../../../test/support/vendor-tools.js';
import { StreamPosition } from './stream-position.js';
import { StreamWire } from './stream-wire.js';

const { message } = messageEncoder('websocket', 'json');

/** What a client reads of a stream that is written by `write` and then ended. */
async function readOf(write: (wire: StreamWire, answered: () => number) => void | Promise<void>): Promise<string> {
  let probes = 0;
  const server = createServer((_request, response) => {
    const position = new StreamPosition(new Epoch('e1'), ['NSE:TCS', 'NSE:INFY']);
    const wire = new StreamWire(response, position, systemClock, () => probes++);
    wire.open();
    void Promise.resolve(write(wire, () => probes)).then(() => wire.close('SERVER_DRAINING'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const text = await (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)).text();
  server.close();
  return text;
}

it('gives the last event of a write the position of all symbols, which only quotes move', async () => {
  const text = await readOf((wire) => {
    wire.write(
      message('snapshot', { symbol: 'NSE:TCS', epoch: 'e1', seq: 36, data: {} }) +
        message('price_update', { symbol: 'NSE:INFY', seq: 2, data: {} }),
      false,
    );
    wire.write(message('depth_update', { symbol: 'NSE:TCS', seq: 99, data: {} }), false);
  });
  const position = new StreamPosition(new Epoch('e1'), ['NSE:TCS', 'NSE:INFY']);
  position.moved('NSE:TCS', 36);
  position.moved('NSE:INFY', 2);
  const events = text.split('\n\n').filter((block) => block.startsWith('event'));
  expect(events.map((event) => /^id: (.*)$/m.exec(event)?.[1])).toEqual([undefined, `${position}`, undefined]);
  expect(events[2]).toMatch(/^event: depth_update\ndata: \{"type":"depth_update"/);
});

it('answers a probe when the socket is empty, with a heartbeat where there is nothing to say', async () => {
  let answered = -1;
  const text = await readOf(async (wire, probes) => {
    wire.write('', true);
    await until('the answer', () => probes() > 0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    answered = probes();
  });
  expect(answered).toBe(1);
  expect(text).toContain('\n\n:\n\n');
});
