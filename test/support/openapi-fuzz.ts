import fc from 'fast-check';

export type Schema = Readonly<Record<string, unknown>>;

export interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path' | 'header' | 'cookie';
  readonly required?: boolean;
  readonly schema?: Schema;
  readonly example?: unknown;
}

interface Content {
  readonly schema?: Schema;
}

export interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Content>> };
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, Content>> }>>;
}

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** One operation of a document. */
export interface Route {
  readonly path: string;
  readonly method: string;
  readonly operation: Operation;
}

export function routesOf({ paths }: OpenApi): Route[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
}

/** A request as it goes out. */
export interface FuzzRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

const WRONG = fc.constantFrom<unknown>(
  '',
  ' ',
  '-1',
  '0',
  '1e999',
  'NaN',
  'null',
  '[]',
  '{}',
  "'; DROP TABLE ticks",
  '\u0000',
  '€',
  'a'.repeat(300),
  '../..',
  '%',
);
const ACCEPT = fc.constantFrom(
  undefined,
  '*/*',
  'application/json',
  'application/vnd.msgpack',
  'application/msgpack;q=0.5, application/json;q=0.4',
  'text/csv',
  'application/vnd.apache.arrow.stream',
  'image/png',
  'text/html,*/*;q=0.1',
  ';;;',
);
const BODY_TYPES = fc.constantFrom(
  'application/json',
  'application/json; charset=latin1',
  'text/plain',
  'application/x-www-form-urlencoded',
);
const BROKEN_BODIES = fc.constantFrom(
  '',
  '{',
  'null',
  '[]',
  '"text"',
  '{"symbols":"NSE:TCS"}',
  '{"a":{"constructor":1}}',
  `{"symbols":["${'x'.repeat(70)}"]}`,
);

/** Requests of a route: some as the document wants them, some at the border, some wrong. */
export function requestsOf({ path, method, operation }: Route, document: OpenApi): fc.Arbitrary<FuzzRequest> {
  const { parameters = [], requestBody } = operation;
  const given = fc.tuple(...parameters.map((parameter) => valueOf(parameter, document)));
  const schema = requestBody?.content['application/json']?.schema;
  const body = fc.oneof(
    {
      weight: 4,
      arbitrary:
        schema === undefined
          ? fc.constant(undefined)
          : valuesOf(schema, document).map((value) => JSON.stringify(value)),
    },
    { weight: 1, arbitrary: BROKEN_BODIES },
  );
  const bodyType = fc.oneof(
    { weight: 5, arbitrary: fc.constant('application/json') },
    { weight: 1, arbitrary: BODY_TYPES },
  );
  const accept = fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 2, arbitrary: ACCEPT });
  return fc.tuple(given, body, bodyType, accept).map(([values, text, type, wanted]) => {
    const query = new URLSearchParams();
    let filled = path;
    const headers: Record<string, string> = wanted === undefined ? {} : { accept: wanted };
    for (const [i, parameter] of parameters.entries()) {
      const value = values[i];
      if (parameter.in === 'path')
        filled = filled.replace(`{${parameter.name}}`, encodeURIComponent(textOf(value ?? 'x') || 'x'));
      else if (value === undefined) continue;
      else if (parameter.in === 'query') query.append(parameter.name, textOf(value));
      else if (/^[\u0020-\u007e]+$/.test(textOf(value))) headers[parameter.name] = textOf(value).trim();
    }
    // a client cannot send one with GET by fetch, and the server reads none
    const hasBody = text !== undefined && method !== 'GET';
    if (hasBody) headers['content-type'] = type;
    const search = query.size === 0 ? '' : `?${query}`;
    return { method, path: filled + search, headers, body: hasBody ? text : undefined };
  });
}

function valueOf(parameter: Parameter, document: OpenApi): fc.Arbitrary<unknown> {
  const { required = false, schema = {}, example } = parameter;
  const valid = [fc.constant(parameter.example ?? schema['example'] ?? example), valuesOf(schema, document)];
  const examples = valid.slice((parameter.example ?? schema['example']) === undefined ? 1 : 0);
  return fc.oneof(
    { weight: 8, arbitrary: fc.oneof(...examples) },
    { weight: required ? 1 : 6, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: WRONG },
  );
}

/** Values a schema allows, its borders among them. */
function valuesOf(schema: Schema, document: OpenApi): fc.Arbitrary<unknown> {
  const { $ref, enum: choices, type, minimum = 0, maximum = 1000, example, items, properties, required } = schema;
  if (typeof $ref === 'string')
    return valuesOf(document.components.schemas[$ref.split('/').at(-1) as string] ?? {}, document);
  if (Array.isArray(schema['allOf'])) return valuesOf((schema['allOf'] as Schema[])[0] ?? {}, document);
  if (Array.isArray(choices)) return fc.constantFrom(...(choices as unknown[]));
  if (example !== undefined && type !== 'object') return fc.constant(example);
  if (type === 'integer' || type === 'number') {
    const [low, high] = [Number(minimum), Number(maximum)];
    return fc.constantFrom(low, high, low - 1, high + 1, Math.floor((low + Math.min(high, low + 100)) / 2));
  }
  if (type === 'boolean') return fc.boolean();
  if (type === 'array') return fc.array(valuesOf((items ?? {}) as Schema, document), { minLength: 1, maxLength: 3 });
  if (type === 'object') {
    const parts = Object.entries((properties ?? {}) as Record<string, Schema>);
    const requiredKeys = Array.isArray(required) ? (required as string[]) : [];
    return fc.record(Object.fromEntries(parts.map(([name, part]) => [name, valuesOf(part, document)])), {
      requiredKeys,
    });
  }
  return fc.constantFrom('NSE:RELIANCE', 'NSE:NOPE', 'reliance', '2026-11-20');
}

/** What a client of an operation is called with when all is well. */
export function happyCall({ parameters = [], requestBody }: Operation, document: OpenApi): object {
  const one = (arbitrary: fc.Arbitrary<unknown>): unknown => fc.sample(arbitrary, { seed: 1, numRuns: 1 })[0];
  const given = (place: string): Record<string, unknown> =>
    Object.fromEntries(
      parameters
        .filter(({ in: where, required }) => where === place && required === true)
        .map(({ name, schema = {}, example }) => [
          name,
          example ?? schema['example'] ?? one(valuesOf(schema, document)),
        ]),
    );
  const schema = requestBody?.content['application/json']?.schema;
  const body = schema === undefined ? undefined : one(valuesOf(schema, document));
  return { query: given('query'), path: given('path'), ...(body !== undefined && { body }) };
}

/** What a client would put into a URL or a header; an object that knows no text of its own goes as JSON. */
function textOf(value: unknown): string {
  return typeof value === 'object' ? (JSON.stringify(value) ?? '') : String(value);
}
