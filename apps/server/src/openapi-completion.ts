import type { OpenAPIObject } from '@nestjs/swagger';

type Schema = Readonly<Record<string, unknown>>;
type Content = Record<string, { schema: Schema; example?: unknown }>;

interface Answer {
  description: string;
  content?: Content;
  headers?: Record<string, { description: string; schema: Schema }>;
}

interface Operation {
  deprecated?: boolean;
  parameters?: readonly { readonly name?: string }[];
  security?: object[];
  requestBody?: object;
  responses: Record<string, Answer>;
}

const METHODS = ['get', 'put', 'post', 'delete', 'patch'] as const;
const PROBLEM: Schema = { $ref: '#/components/schemas/Problem' };
const TEXT: Schema = { type: 'string' };
const BINARY: Schema = { type: 'string', format: 'binary' };
const MSGPACK = 'application/vnd.msgpack';

/** Formats whose bytes are no JSON. */
const OPAQUE: Readonly<Record<string, Schema>> = {
  'text/csv': TEXT,
  'text/event-stream': TEXT,
  'application/vnd.apache.arrow.stream': BINARY,
};

/** What any route may answer, whatever it does. */
const COMMON_ERRORS: Readonly<Record<string, string>> = {
  400: 'The request breaks the contract',
  401: 'A credential is missing, wrong or expired',
  403: 'The tier does not include this',
  404: 'There is no such thing',
  406: 'None of the formats asked for is to be had',
  429: 'Too many requests in a minute',
  500: 'The server could not do this',
};
const BODY_ERRORS: Readonly<Record<string, string>> = { 413: 'The body is too large', 415: 'The body is not JSON' };

const HEADERS = {
  ETag: 'Tag for If-None-Match',
  'Cache-Control': 'How long the answer may be used without asking again',
  Vary: 'Request headers the answer depends on',
} as const;
const PAGE_HEADERS = { 'X-Next': '`page.next`, in every format; absent on the last page' } as const;
const SUCCESSOR_HEADERS = {
  Deprecation: 'Since when version 2 has the same in a better shape: RFC 9745',
  Sunset: 'Until when this answers at least: RFC 8594',
  Link: 'The successor, as rel="successor-version"',
} as const;

/** Adds what is the same everywhere: formats, errors, headers, who is let in, and which routes have a successor. */
export function complete(document: OpenAPIObject): OpenAPIObject {
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of METHODS) {
      const operation = item[method] as Operation | undefined;
      if (operation === undefined) continue;
      const successor = document.paths[path.replace('/api/v1/', '/api/v2/')];
      const isReplaced = path.startsWith('/api/v1/') && successor?.[method] !== undefined;
      if (isReplaced) operation.deprecated = true;
      // open where AUTH is off, and for some routes where it is optional
      operation.security = [{}, { token: [] }, { apiKey: [] }];
      addErrors(operation, path, method === 'get');
      const isPaged = (operation.parameters ?? []).some(({ name }) => name === 'cursor');
      completeAnswers(operation, method === 'get', isReplaced, isPaged && path.startsWith('/api/v2/'));
    }
  }
  return document;
}

function addErrors(operation: Operation, path: string, isRead: boolean): void {
  // TradingView's library wants errors in a form of its own
  if (!path.startsWith('/api/')) return;
  const errors = { ...COMMON_ERRORS, ...(!isRead && BODY_ERRORS) };
  for (const [status, description] of Object.entries(errors)) {
    operation.responses[status] = { ...operation.responses[status], description, content: problemContent() };
  }
  for (const [status, answer] of Object.entries(operation.responses)) {
    if (status === '401') answer.headers = headersOf({ 'WWW-Authenticate': 'Bearer' });
    if (status === '429' || status === '503') answer.headers = headersOf({ 'Retry-After': 'Seconds' });
    if (Number(status) >= 400 && answer.description === '') answer.description = 'See `code`';
  }
}

function completeAnswers(operation: Operation, isRead: boolean, isReplaced: boolean, isPaged: boolean): void {
  for (const [status, answer] of Object.entries(operation.responses)) {
    if (!status.startsWith('2')) continue;
    if (answer.description === '') answer.description = 'As asked for';
    const { content = {} } = answer;
    const json = content['application/json'];
    if (json !== undefined && Object.keys(content).length === 1) content[MSGPACK] = json;
    for (const [type, schema] of Object.entries(OPAQUE)) if (content[type] !== undefined) content[type] = { schema };
    if (isRead && content['text/event-stream'] === undefined) {
      answer.headers = headersOf({
        ...HEADERS,
        ...(isReplaced && SUCCESSOR_HEADERS),
        ...(isPaged && PAGE_HEADERS),
      });
    }
  }
  if (isRead && operation.responses['200']?.headers !== undefined)
    operation.responses['304'] = { description: 'The same as what If-None-Match names' };
}

function problemContent(): Content {
  return { 'application/problem+json': { schema: PROBLEM }, [MSGPACK]: { schema: PROBLEM } };
}

function headersOf(descriptions: Readonly<Record<string, string>>): NonNullable<Answer['headers']> {
  return Object.fromEntries(
    Object.entries(descriptions).map(([name, description]) => [name, { description, schema: TEXT }]),
  );
}
