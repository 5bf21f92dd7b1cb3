import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { Fault } from '../faults.js';
import type { Listing } from '../market-model/listing.js';
import { refusedByFault } from '../refuse-upgrade.js';
import type { SimulatorTools, VendorSimulator } from '../simulator.js';
import { AckLedger } from './ack-ledger.js';
import { FyersConnection } from './fyers.connection.js';
import { mintToken, REFUSED_KEY, SANDBOX_KEY } from './fyers.credentials.js';
import { type FyersListing, fyersListings } from './fyers.listings.js';
import { FyersRest } from './fyers.rest.js';
import { authAccepted, status } from './hsm-frames.js';
import { FrameMangler } from './hsm-mangler.js';
import { channelsIn, type HsmRequest, parseHsmRequest, REQUEST, topicsIn } from './hsm-request.js';

const PATH = '/fyers/hsm/v1-5/prod';
/** Low, so that acknowledging is exercised. */
const ACK_EVERY = 2;
const DEFAULT_CHANNEL = 11;
const LITE = 0x4c;
/** Topic numbers of one connection begin here times its place: nobody should take another's for its own. */
const TOPICS_APART = 1000;
const TOPIC_NUMBERS = 60_000;

interface Client {
  readonly socket: WebSocket;
  readonly connection: FyersConnection;
  readonly acks: AckLedger;
}

/** FYERS' data stream and the route that names its topics. Five-level depth and indices are not simulated: their topics stay silent. */
export class FyersSimulator implements VendorSimulator {
  readonly id = 'fyers';
  private readonly server = new WebSocketServer({ noServer: true, autoPong: false, clientTracking: false });
  private readonly clients = new Set<Client>();
  private readonly rest: FyersRest;
  private readonly byTopic: ReadonlyMap<string, FyersListing>;
  private readonly mangler = new FrameMangler();
  /** `ignored`: topics over the limit or unknown. `unreadable`: messages that are none. The acknowledgements are of clients that have gone. */
  private readonly counts = {
    opened: 0,
    refused: 0,
    frames: 0,
    records: 0,
    subscribed: 0,
    ignored: 0,
    pings: 0,
    unreadable: 0,
    acks: 0,
    missedAcks: 0,
    strayAcks: 0,
  };

  constructor(private readonly tools: SimulatorTools) {
    const listings = fyersListings(tools.market.listings.values());
    this.rest = new FyersRest(tools, listings);
    this.byTopic = new Map(listings.map((listing) => [listing.topic, listing]));
    tools.market.onStep((moved) => this.publish(moved));
    tools.faults.onSet((fault) => this.faultSet(fault));
  }

  request(request: IncomingMessage, url: URL, response: ServerResponse): boolean {
    return this.rest.request(request, url, response);
  }

  upgrade(request: IncomingMessage, url: URL, socket: Duplex, head: Buffer): boolean {
    if (url.pathname !== PATH) return false;
    if (!refusedByFault(this.tools.faults, 'fyers', socket))
      this.server.handleUpgrade(request, socket, head, (client) => this.accept(client));
    return true;
  }

  settings(url: string): Readonly<Record<string, string>> {
    return {
      FYERS_URL: `${url.replace('http', 'ws')}${PATH}`,
      FYERS_REST_URL: `${url}/fyers/data`,
      FYERS_SECRET_ACCESS_TOKEN: mintToken(SANDBOX_KEY, this.tools.clock.now()),
    };
  }

  stats(): Readonly<Record<string, number>> {
    const { acks, missedAcks, strayAcks } = this.counts;
    const ledgers = [...this.clients].map((client) => client.acks);
    const sum = (start: number, of: (ledger: AckLedger) => number): number =>
      ledgers.reduce((total, ledger) => total + of(ledger), start);
    return {
      ...this.counts,
      ...this.rest.counts,
      connections: this.clients.size,
      acks: sum(acks, ({ acknowledged }) => acknowledged),
      missedAcks: sum(missedAcks, ({ missed }) => missed),
      strayAcks: sum(strayAcks, ({ stray }) => stray),
    };
  }

  close(): void {
    for (const { socket } of this.clients) socket.terminate();
  }

  private accept(socket: WebSocket): void {
    const { faults } = this.tools;
    const firstTopic = 1 + ((this.counts.opened++ * TOPICS_APART) % TOPIC_NUMBERS);
    const priceOf = ({ instrument, last }: Listing): number => faults.price('fyers', instrument.id, last);
    const client: Client = {
      socket,
      connection: new FyersConnection(firstTopic, priceOf),
      acks: new AckLedger(ACK_EVERY),
    };
    this.clients.add(client);
    socket.on('error', () => socket.terminate());
    socket.on('close', () => this.gone(client));
    socket.on('ping', (data) => {
      if (faults.strikes('fyers', 'stall') === undefined) socket.pong(data);
    });
    socket.on('message', (data, isBinary) => this.received(client, data, isBinary));
  }

  private gone(client: Client): void {
    this.clients.delete(client);
    const { acks } = client;
    this.counts.acks += acks.acknowledged;
    this.counts.missedAcks += acks.missed;
    this.counts.strayAcks += acks.stray;
  }

  private received(client: Client, data: RawData, isBinary: boolean): void {
    // one of the vendor's clients pings with a text
    const request = isBinary ? parseHsmRequest(data as Buffer) : undefined;
    if (request === undefined) this.counts.unreadable++;
    else if (request.type === REQUEST.auth) this.authorise(client, request);
    else if (client.connection.isAccepted) this.obey(client, request);
    else this.send(client, status(request.type, false));
  }

  private authorise(client: Client, { fields }: HsmRequest): void {
    const key = String(fields.get(1) ?? '');
    client.connection.isAccepted = key !== '' && key !== REFUSED_KEY;
    if (client.connection.isAccepted) return this.send(client, authAccepted(ACK_EVERY));
    this.counts.refused++;
    this.send(client, status(REQUEST.auth, false));
    client.socket.close(1000);
  }

  private obey(client: Client, { type, fields }: HsmRequest): void {
    const { connection, acks } = client;
    const list = fields.get(1);
    switch (type) {
      case REQUEST.subscribe:
        return this.subscribe(client, topicsIn(list), fields.get(2)?.[0] ?? DEFAULT_CHANNEL);
      case REQUEST.unsubscribe:
        for (const topic of topicsIn(list)) connection.unsubscribe(topic);
        return this.send(client, status(type, true));
      case REQUEST.pause:
      case REQUEST.resume:
        connection.setPaused(channelsIn(list), type === REQUEST.pause);
        this.send(client, status(type, true));
        return this.sendData(client);
      case REQUEST.mode:
        connection.setLite(channelsIn(list), fields.get(2)?.[0] === LITE);
        return this.send(client, status(type, true));
      case REQUEST.snapshot:
        connection.forget(topicsIn(list));
        this.send(client, status(type, true));
        return this.sendData(client);
      case REQUEST.acknowledgement:
        return list?.length === 4 ? acks.received(list.readUInt32BE()) : undefined;
      case REQUEST.ping:
        this.counts.pings++;
    }
  }

  private subscribe(client: Client, topics: readonly string[], channel: number): void {
    if (this.tools.faults.strikes('fyers', 'rate-limit') !== undefined) {
      return this.send(client, status(REQUEST.subscribe, false));
    }
    for (const topic of topics) {
      const listing = this.byTopic.get(topic);
      const isSubscribed = listing !== undefined && client.connection.subscribe(listing, channel);
      this.counts[isSubscribed ? 'subscribed' : 'ignored']++;
    }
    this.send(client, status(REQUEST.subscribe, true));
    this.sendData(client);
  }

  private publish(moved: readonly Listing[]): void {
    for (const client of this.clients) this.sendData(client, moved);
  }

  /** What moved, or without it what has not been told at all. */
  private sendData(client: Client, moved?: readonly Listing[]): void {
    const { faults } = this.tools;
    for (const { number, entries, bytes, lost } of client.connection.messages(moved)) {
      const isSilent = faults.strikes('fyers', 'stall') !== undefined;
      const isMalformed = faults.strikes('fyers', 'malformed') !== undefined;
      // of what cannot be read nothing is known there
      if (isSilent || isMalformed) lost();
      else this.counts.records += entries;
      if (isSilent) continue;
      // the number survives, so that it may be acknowledged
      client.acks.sent(number);
      this.send(client, isMalformed ? this.mangler.mangle(bytes) : bytes);
    }
  }

  private send({ socket }: Client, frame: Buffer): void {
    const { faults, clock } = this.tools;
    if (faults.strikes('fyers', 'stall') !== undefined) return;
    this.counts.frames++;
    const late = faults.strikes('fyers', 'delay');
    if (late === undefined) socket.send(frame);
    else clock.after(late.ms ?? 0, () => socket.send(frame));
  }

  private faultSet({ target, kind }: Fault): void {
    if (target !== 'fyers' || (kind !== 'disconnect' && kind !== 'error')) return;
    for (const { socket } of this.clients) {
      if (this.tools.faults.strikes('fyers', kind) === undefined) continue;
      if (kind === 'disconnect') socket.terminate();
      else socket.close(1011, kind);
    }
  }
}
