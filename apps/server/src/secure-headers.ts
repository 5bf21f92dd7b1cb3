import type { IncomingMessage, ServerResponse } from 'node:http';
import helmet from 'helmet';
import { EXPOSED_HEADERS } from '#gateway';

type Middleware = ReturnType<typeof helmet>;

/** Sets the security headers of every answer. */
export function secureHeaders(isTls: boolean): Middleware {
  return helmet({
    strictTransportSecurity: isTls,
    // over plain HTTP the pages of /docs would ask for their own scripts by HTTPS
    contentSecurityPolicy: isTls ? true : { directives: { upgradeInsecureRequests: null } },
  });
}

/** Headers of every answer of a route for clients to a request of no other origin, as name and value in turns. */
export function standingHeaders(secure: Middleware): string[] {
  const headers: string[] = [];
  const recorder = {
    setHeader: (name: string, value: string) => void headers.push(name, value),
    removeHeader: () => undefined,
  };
  secure({} as IncomingMessage, recorder as unknown as ServerResponse, () => undefined);
  return [
    ...headers,
    'Vary',
    'Origin, Authorization, X-API-Key, Accept',
    'Access-Control-Expose-Headers',
    EXPOSED_HEADERS.join(','),
  ];
}
