import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { createClient } from '@hey-api/openapi-ts';
import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import fc from 'fast-check';
import { unpack } from 'msgpackr';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  type FuzzRequest,
  happyCall,
  type OpenApi,
  requestsOf,
  type Route,
  routesOf,
  type Schema,
} from '../support/openapi-fuzz.js';
import { aProduct, type Product } from '../support/running-server.js';

const REQUESTS_PER_ROUTE = 30;
/** A request that takes longer hangs; a read waits for vendors at most a few seconds, and a long poll as long as it asks. */
const PATIENCE_MS = 30_000;

let product: Product;
let document: OpenApi;
let routes: Route[];
let ajv: Ajv;
const validators = new Map<Schema, ValidateFunction>();

beforeAll(async () => {
  product = await aProduct();
  document = (await (await fetch(`${product.url}/docs/openapi.json`)).json()) as OpenApi;
  routes = routesOf(document).filter(({ path }) => path.startsWith('/api/'));
  ajv = new Ajv({ strict: false, allErrors: true });
  (formats as unknown as (instance: Ajv) => void)(ajv);
  ajv.addSchema({ $id: 'document', components: closed(document.components) });
});
afterAll(() => product.stop());

/** Answers may hold what is documented and nothing else. */
function closed({ schemas }: OpenApi['components']): object {
  const entries = Object.entries(schemas).map(([name, schema]) =>
    schema['properties'] === undefined ? [name, schema] : [name, { additionalProperties: false, ...schema }],
  );
  return { schemas: Object.fromEntries(entries) as object };
}

function validatorOf(schema: Schema): ValidateFunction {
  let validate = validators.get(schema);
  if (validate === undefined) {
    const text = JSON.stringify(schema).replaceAll('"#/components', '"document#/components');
    validate = ajv.compile(JSON.parse(text) as object);
    validators.set(schema, validate);
  }
  return validate;
}

/** What is wrong with an answer to a request, by the document; undefined when nothing is. */
async function judge({ method, path, headers, body }: FuzzRequest, { operation }: Route): Promise<string | undefined> {
  const gone = new AbortController();
  const patience = setTimeout(() => gone.abort(), PATIENCE_MS);
  try {
    const init: RequestInit = {
      method,
      headers: { ...headers },
      signal: gone.signal,
      ...(body !== undefined && { body }),
    };
    const response = await fetch(product.url + path, init);
    const { status } = response;
    const type = response.headers.get('content-type')?.split(';')[0] ?? '';
    if (type === 'text/event-stream') {
      gone.abort();
      return undefined;
    }
    const bytes = Buffer.from(await response.arrayBuffer());
    const answer = operation.responses[status];
    if (status >= 500 && status !== 502 && status !== 503) return `status ${status}: ${bytes.toString().slice(0, 300)}`;
    if (answer === undefined) return `status ${status} is not documented: ${bytes.toString().slice(0, 200)}`;
    if (bytes.length === 0) return undefined;
    const schema = answer.content?.[type]?.schema;
    if (schema === undefined) return `${status} as ${type} is not documented`;
    if (!/json|msgpack/.test(type)) return undefined;
    const value: unknown = type.includes('json') ? JSON.parse(bytes.toString()) : unpack(bytes);
    const validate = validatorOf(schema);
    return validate(value) ? undefined : `${status} is not as documented: ${ajv.errorsText(validate.errors)}`;
  } catch (error) {
    return `no answer: ${String(error)}`;
  } finally {
    clearTimeout(patience);
  }
}

it('documents every route under /api, with an answer, a problem and an id of its own', () => {
  const ids = routes.map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
  const express = product.server.app.getHttpAdapter().getInstance() as {
    router: { stack: { route?: { path: string; methods: Record<string, boolean> } }[] };
  };
  const served = express.router.stack
    .flatMap(({ route }) => Object.keys(route?.methods ?? {}).map((method) => `${method.toUpperCase()} ${route?.path}`))
    .filter((name) => name.includes(' /api/'));
  const documented = routes.map(({ method, path }) => `${method} ${path.replace(/\{(\w+)\}/g, ':$1')}`);
  expect(documented.toSorted()).toEqual([...new Set(served)].toSorted());
  for (const { operation } of routes)
    expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['400', '401', '406', '429', '500']));
});

it(
  'answers whatever is asked as the document says, and never with an internal error',
  { timeout: 120_000 },
  async () => {
    const found = new Map<string, string>();
    const fuzz = (route: Route): Promise<void> =>
      fc.assert(
        fc.asyncProperty(requestsOf(route, document), async (request) => {
          const wrong = await judge(request, route);
          // one of each kind is enough to read
          if (wrong !== undefined)
            found.set(`${route.method} ${route.path} ${wrong.slice(0, 50)}`, `${JSON.stringify(request)}: ${wrong}`);
        }),
        { seed: 20261121, numRuns: REQUESTS_PER_ROUTE, endOnFailure: true },
      );
    await Promise.all(routes.map(fuzz));
    expect([...found.values()].map((text) => text.slice(0, 600))).toEqual([]);
  },
);

it('is enough to generate a client that compiles and is answered', { timeout: 120_000 }, async () => {
  const scratch = join(import.meta.dirname, '..', '..', '.tickwire');
  await mkdir(scratch, { recursive: true });
  const folder = await mkdtemp(join(scratch, 'openapi-'));
  try {
    await writeFile(join(folder, 'openapi.json'), JSON.stringify(document));
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    await symlink(join(import.meta.dirname, '..', '..', 'node_modules'), join(folder, 'node_modules'));
    await createClient({
      input: join(folder, 'openapi.json'),
      output: { path: join(folder, 'client'), importFileExtension: '.js' },
      plugins: ['@hey-api/client-fetch', '@hey-api/typescript', '@hey-api/sdk'],
      logs: { level: 'silent', file: false },
    } as unknown as Parameters<typeof createClient>[0]);
    const options = [
      '--ignoreConfig',
      '--outDir',
      'out',
      '--module',
      'nodenext',
      '--target',
      'es2022',
      '--strict',
      '--skipLibCheck',
      '--lib',
      'es2022,dom,dom.iterable',
    ];
    const tsc = join(folder, 'node_modules', 'typescript', 'bin', 'tsc');
    const compiled = promisify(execFile)(process.execPath, [tsc, join('client', 'index.ts'), ...options], {
      cwd: folder,
    });
    expect(
      await compiled.then(
        () => '',
        ({ stdout }: { stdout: string }) => stdout,
      ),
    ).toBe('');
    const sdk = (await import(pathToFileURL(join(folder, 'out', 'index.js')).href)) as Record<
      string,
      (options: object) => Promise<{ data?: unknown; error?: unknown; response: Response }>
    >;
    const answered = new Map<string, number>();
    for (const { operation } of routes.filter(({ path }) => !path.endsWith('/stream'))) {
      const name = camelCase(operation.operationId);
      const call = sdk[name];
      if (call === undefined) throw new Error(`the client has no ${name}`);
      const { response } = await call({ baseUrl: product.url, ...happyCall(operation, document) });
      answered.set(name, response.status);
    }
    expect([...answered].filter(([, status]) => status >= 500 && status !== 503)).toEqual([]);
    expect([...answered.values()].filter((status) => status === 200).length).toBeGreaterThan(answered.size / 2);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

/** `QuotesController_find_v1` as the generator names it: `quotesControllerFindV1`. */
function camelCase(name: string): string {
  const joined = name.replace(/_(\w)/g, (_all, letter: string) => letter.toUpperCase());
  return joined.charAt(0).toLowerCase() + joined.slice(1);
}
