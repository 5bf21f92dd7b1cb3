import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Problem } from '#gateway';
import { asyncApiDocument } from './asyncapi.js';
import { complete } from './openapi-completion.js';

export function openApiDocument(app: NestExpressApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Tickwire')
    .setDescription(
      'Quotes, symbols, candles and history of the market-data gateway. Live prices come over Socket.IO or `/ws`. Errors are problem ' +
        'documents (RFC 9457) with stable codes; answers are JSON or MessagePack, tables CSV too, as `Accept` asks.',
    )
    .setVersion('2')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'A JWT, or an API key' }, 'token')
    .addApiKey({ type: 'apiKey', in: 'header', name: 'X-API-Key' }, 'apiKey')
    .build();
  return complete(SwaggerModule.createDocument(app, config, { extraModels: [Problem] }));
}

/** Serves the pages at `/docs`, and the documents at `/docs/openapi.json` (REST) and `/docs/asyncapi.json` (sockets). */
export function serveDocs(app: NestExpressApplication): void {
  const sockets = asyncApiDocument();
  app.use('/docs/asyncapi.json', (_request: Request, response: Response) => {
    response.json(sockets);
  });
  SwaggerModule.setup('docs', app, () => openApiDocument(app), {
    jsonDocumentUrl: 'docs/openapi.json',
    customSiteTitle: 'Tickwire API',
  });
}
