import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { Problem } from '#gateway';

export function openApiDocument(app: NestExpressApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Tickwire')
    .setDescription('Quotes, symbols and cache of the market-data gateway. Live prices come over Socket.IO or `/ws`.')
    .setVersion('1')
    .build();
  return SwaggerModule.createDocument(app, config, { extraModels: [Problem] });
}

/** Serves the pages at `/docs` and the document at `/docs/openapi.json`. */
export function serveDocs(app: NestExpressApplication): void {
  SwaggerModule.setup('docs', app, () => openApiDocument(app), {
    jsonDocumentUrl: 'docs/openapi.json',
    customSiteTitle: 'Tickwire API',
  });
}
