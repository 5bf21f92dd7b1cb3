import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { cutShort } from '../mangler.js';
import { refuseUpgrade } from '../refuse-upgrade.js';
import type { SimulatorTools } from '../simulator.js';
import { authorizedBody, errorBody } from './upstox.bodies.js';
import { SingleUseCodes } from './upstox.codes.js';
import { CONNECTIONS } from './upstox.limits.js';
import { type Account, accountOf } from './upstox.token.js';

const DIRECT_PATH = '/v3/feed/market-data-feed';
const AUTHORIZE_PATH = `${DIRECT_PATH}/authorize`;
const FEED_PATH = '/market-data-feeder/v3/upstox-developer-api/feeds';

/** How a client gets in: a token for an address with a code, by a call or by a redirect of the handshake, and the code for a connection. */
export class UpstoxDoor {
  readonly counts = { authorized: 0, refused: 0 };
  private readonly codes = new SingleUseCodes();

  constructor(
    private readonly tools: SimulatorTools,
    private readonly connectionsOf: (user: string) => number,
  ) {}

  /** Answers a call. False when it is not for this vendor. */
  request(request: IncomingMessage, url: URL, response: ServerResponse): boolean {
    if (!url.pathname.startsWith('/v3/feed/')) return false;
    const { faults, clock } = this.tools;
    const late = faults.strikes('upstox', 'delay');
    if (faults.strikes('upstox', 'disconnect')) request.socket.destroy();
    else if (late === undefined) this.answer(request, url, response);
    else clock.after(late.ms ?? 0, () => this.answer(request, url, response));
    return true;
  }

  /** Answers a handshake, or lets it be finished. False when it is not for this vendor. */
  upgrade(request: IncomingMessage, url: URL, socket: Duplex, admit: (account: Account) => void): boolean {
    if (url.pathname !== DIRECT_PATH && url.pathname !== FEED_PATH) return false;
    const { faults } = this.tools;
    const limited = faults.strikes('upstox', 'rate-limit');
    const broken = faults.strikes('upstox', 'error');
    if (faults.strikes('upstox', 'disconnect')) socket.destroy();
    else if (limited !== undefined) this.refuse(socket, 429, limited.retryAfterSeconds ?? 5);
    else if (broken !== undefined) this.refuse(socket, broken.status ?? 503);
    else if (url.pathname === DIRECT_PATH) this.redirect(request, socket);
    else this.open(url, socket, admit);
    return true;
  }

  private answer(request: IncomingMessage, url: URL, response: ServerResponse): void {
    const { faults, clock } = this.tools;
    const limited = faults.strikes('upstox', 'rate-limit');
    const broken = faults.strikes('upstox', 'error');
    const account = accountOf(request.headers.authorization, clock.now());
    if (limited !== undefined) {
      response.setHeader('Retry-After', String(limited.retryAfterSeconds ?? 5));
      this.refuseCall(response, 429);
    } else if (broken !== undefined) this.refuseCall(response, broken.status ?? 503);
    else if (request.method !== 'GET' || url.pathname !== AUTHORIZE_PATH) this.refuseCall(response, 404);
    else if (account === undefined) this.refuseCall(response, 401);
    else {
      const text = JSON.stringify(authorizedBody(this.address(request, account)));
      const isMalformed = faults.strikes('upstox', 'malformed') !== undefined;
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(isMalformed ? cutShort(text) : text);
    }
  }

  private refuseCall(response: ServerResponse, status: number): void {
    this.counts.refused++;
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(errorBody(status)));
  }

  private redirect(request: IncomingMessage, socket: Duplex): void {
    const account = accountOf(request.headers.authorization, this.tools.clock.now());
    if (account === undefined) return this.refuse(socket, 401);
    const location = this.address(request, account);
    socket.end(`HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`);
  }

  private address({ headers: { host = '' } }: IncomingMessage, account: Account): string {
    this.counts.authorized++;
    const code = this.codes.issue(account);
    return `ws://${host}${FEED_PATH}?requestId=${code.slice(0, 8)}-request&code=${code}`;
  }

  /** Connections are counted by user. Which status the vendor gives to one too many is not known. */
  private open(url: URL, socket: Duplex, admit: (account: Account) => void): void {
    const account = this.codes.redeem(url.searchParams.get('code'));
    if (account === undefined) this.refuse(socket, 401);
    else if (this.connectionsOf(account.user) >= CONNECTIONS[account.tier]) this.refuse(socket, 403);
    else admit(account);
  }

  private refuse(socket: Duplex, status: number, retryAfterSeconds?: number): void {
    this.counts.refused++;
    refuseUpgrade(socket, status, retryAfterSeconds);
  }
}
