import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { LastValueStore, QuoteReader, QuoteState } from '#cache';
import { type Clock, F } from '#domain';
import type { QuoteStatus } from '#protocol';
import { type Caller, type Callers, credentialsOf } from '../../access/caller.js';
import { rememberAdmission } from '../../access/request-caller.js';
import { contentType, preferred } from '../negotiation.js';
import type { RequestTimes } from '../performance/request-times.js';
import { COMMON_FORMATS } from '../representation.js';
import { SymbolLists } from './symbol-lists.js';

const PATH = '/api/v1/quotes';
const BEGINNING = `${PATH}?symbols=`;
const ROUTE = `GET ${PATH}`;
/** Whose answer needs more than the plain one: another origin's, a conditional one, one with a body. */
const PECULIAR = ['origin', 'if-none-match', 'content-length', 'transfer-encoding', 'cookie', 'expect'] as const;

const JSON_TYPE = contentType('json');
const FORMATS = [...COMMON_FORMATS, 'csv'] as const;

/**
 * Answers `GET /api/v1/quotes?symbols=` from memory before any framework sees it, in the plain case only: every quote is current, the caller
 * is not limited, and nothing else is asked for. All else goes on to the routes, whose answer would be the same, byte for byte.
 */
export class QuickQuotes {
  private readonly lists: SymbolLists;
  private readonly statusOf = (state: QuoteState): QuoteStatus => this.reader.statusOf(state);

  /** @param standing headers of every answer, as name and value in turns */
  constructor(
    lastValues: LastValueStore,
    private readonly reader: QuoteReader,
    private readonly callers: Callers,
    private readonly times: RequestTimes,
    private readonly clock: Clock,
    private readonly standing: readonly string[],
  ) {
    this.lists = new SymbolLists(lastValues, BEGINNING);
  }

  /** Puts itself before whoever listens to a server's requests now. */
  attach(server: Server): void {
    const listeners = server.listeners('request') as ((request: IncomingMessage, response: ServerResponse) => void)[];
    server.removeAllListeners('request');
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const goOn = (): void => {
        for (const listener of listeners) listener.call(server, request, response);
      };
      const url = plainUrl(request);
      if (url === undefined) return goOn();
      const startedAt = this.clock.elapsed();
      const answer = (caller: Caller): void =>
        this.answer(url, caller, response) ? this.times.observe(ROUTE, 200, this.clock.elapsed() - startedAt) : goOn();
      const { authenticator } = this.callers;
      if (authenticator.mode === 'off') return answer(this.callers.anonymous(request));
      const admission = this.callers.admit(request, credentialsOf(request.headers));
      rememberAdmission(request, admission);
      // a credential that is refused is refused in the routes' words
      admission.then(answer, goOn);
    });
  }

  private answer(url: string, { identity }: Caller, response: ServerResponse): boolean {
    const { requestsPerMinute, entitlements } = identity.tier;
    if (requestsPerMinute !== undefined || response.destroyed) return false;
    const list = this.lists.of(url);
    if (list === undefined) return false;
    const { states } = list;
    if (!entitlements.all && !states.every(({ instrument }) => entitlements.allows(instrument.id))) return false;
    // a stale quote has its age in another place
    if (states.some((state) => state.latest(F.stale) === 1) || !this.reader.takeCurrent(states)) return false;
    const body = list.write(this.clock.now(), this.statusOf);
    response.writeHead(200, [
      ...this.standing,
      ...list.headers,
      'ETag',
      `W/"${list.tag}"`,
      'Cache-Control',
      'no-cache',
      'Content-Type',
      JSON_TYPE,
      'Content-Length',
      String(body.length),
    ]);
    response.end(body);
    // the kernel has taken all of it, or some answer before it waits, and the next reader must not write into what this one reads
    if (response.socket === null || response.socket.writableLength > 0) list.giveAway();
    return true;
  }
}

/** The address of a request that may be answered here; undefined when it asks for more. */
function plainUrl({ method, url, headers }: IncomingMessage): string | undefined {
  if (method !== 'GET' || url?.startsWith(BEGINNING) !== true) return undefined;
  for (const name of PECULIAR) if (headers[name] !== undefined) return undefined;
  return preferred(headers.accept, FORMATS) === 'json' ? url : undefined;
}
