import { connect, type Socket } from 'node:net';
import { Deferred } from './deferred.js';
import { clientFrame, TEXT } from './frame-walker.js';
import type { Subscriber } from './subscriber.js';

const UPGRADE = [
  'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1',
  'Host: 127.0.0.1',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGlja3dpcmUgYmVuY2ggMQ==',
  '\r\n',
].join('\r\n');

/** A stock Socket.IO client that subscribes and never reads again, without a word. */
export class StoppedReader implements Subscriber {
  private readonly join = new Deferred();
  readonly joined = this.join.promise;
  private readonly socket: Socket;
  private told = '';
  private step = 0;

  constructor(
    port: number,
    private readonly symbols: readonly string[],
  ) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.once('connect', () => this.socket.write(UPGRADE));
    this.socket.on('error', (error) => this.join.reject(error));
    this.socket.on('data', (data) => this.onData(data.toString('latin1')));
  }

  close(): void {
    this.socket.destroy();
  }

  private onData(text: string): void {
    this.told += text;
    if (this.step === 0 && this.told.includes('"sid"')) this.say('40');
    else if (this.step === 1 && this.told.includes('["connected"'))
      this.say(`42["subscribe",${JSON.stringify({ symbols: this.symbols })}]`);
    else if (this.step === 2 && this.told.includes('["subscribed"')) {
      this.socket.pause();
      this.told = '';
      this.join.resolve();
    }
  }

  private say(message: string): void {
    this.step++;
    this.socket.write(clientFrame(TEXT, Buffer.from(message)));
  }
}
