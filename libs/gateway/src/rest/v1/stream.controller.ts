import { Controller, Get, Headers, Inject, Query, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { LastValueStore } from '#cache';
import { type Clock, CLOCK, MarketDataError } from '#domain';
import type { ErrorPayload, ServerMessages } from '#protocol';
import type { Caller } from '../../access/caller.js';
import { From } from '../../access/request-caller.js';
import { Sessions } from '../../session/sessions.js';
import { ApiProblems } from '../problem.js';
import { Offers } from '../representation.js';
import { StreamPosition } from './stream-position.js';
import { StreamWire } from './stream-wire.js';
import { StreamQuery } from './stream.dto.js';

/** Quotes as server-sent events, for clients whose proxy lets no WebSocket through. */
@ApiTags('quotes')
@Controller({ path: 'stream', version: '1' })
export class StreamController {
  constructor(
    private readonly sessions: Sessions,
    private readonly lastValues: LastValueStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get()
  @Offers('events')
  @ApiOperation({ summary: 'Quotes as server-sent events: a snapshot of each symbol, then its updates' })
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'Where a returning client was; browsers send it' })
  @ApiProduces('text/event-stream')
  @ApiOkResponse({ description: 'Events are named by message type; their data is the message', type: String })
  @ApiProblems(400, 404, 503)
  async stream(
    @Query() query: StreamQuery,
    @Headers('last-event-id') lastEventId: string | undefined,
    @From() caller: Caller,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const refusal = this.sessions.refusal(caller);
    if (refusal !== undefined) throw this.sessions.refused(refusal);
    if (request.method === 'HEAD') return void response.type('text/event-stream').end();
    // its end has been told already, and would not be told to us
    if (response.destroyed) return;
    const position = new StreamPosition(this.lastValues.epoch, query.symbols);
    const wire = new StreamWire(response, position, this.clock, () => session.client.probeAnswered(this.clock.now()));
    const session = this.sessions.open(wire, 'websocket', 'json', caller);
    response.once('close', () => this.sessions.close(session));
    const refused = await new Promise<MarketDataError | undefined>((resolve) =>
      session.receive('subscribe', { ...query, resume: position.resume(lastEventId) }, (type, payload) => {
        const error = errorIn(type, payload);
        resolve(error);
        if (error !== undefined) return;
        wire.open();
        session.welcome();
        session.client.send(type, payload);
      }),
    );
    if (refused === undefined) return;
    this.sessions.close(session);
    throw refused;
  }
}

/** Why there is nothing to stream; undefined when at least one symbol was subscribed. */
function errorIn(type: string, payload: object): MarketDataError | undefined {
  if (type !== 'subscribed') {
    const { code, message, retryable } = payload as ErrorPayload;
    return new MarketDataError(code, message, retryable);
  }
  const { symbols, rejected } = payload as ServerMessages['subscribed'];
  const [first] = rejected;
  return symbols.length === 0 && first !== undefined
    ? new MarketDataError(first.code, first.message, false)
    : undefined;
}
