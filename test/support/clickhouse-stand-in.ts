import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

interface Session {
  queryAsync(sql: string, options: { format: string }): Promise<{ bytes(): Uint8Array }>;
  close(): void;
}

const { Session } = createRequire(import.meta.url)('chdb') as { Session: new (folder: string) => Session };
const PASSWORD = 'a secret';
/** Parameters of the interface that are no settings of the engine. */
const OWN = new Set([
  'query',
  'query_id',
  'wait_end_of_query',
  'cancel_http_readonly_queries_on_client_close',
  'session_id',
]);

/** ClickHouse's HTTP interface as far as the client uses it, on the embedded engine. User `default`, password `a secret`. */
export class ClickHouseStandIn {
  private readonly first: Session;
  private files = 0;
  readonly killed: string[] = [];

  private constructor(private readonly folder: string) {
    this.first = new Session(folder);
  }

  readonly password = PASSWORD;
  private readonly server = createServer((request, response) => void this.answer(request, response));

  static async start(folder: string, port = 0): Promise<ClickHouseStandIn> {
    const standIn = new ClickHouseStandIn(folder);
    await new Promise<void>((resolve) => standIn.server.listen(port, '127.0.0.1', resolve));
    return standIn;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    this.first.close();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    const body = await buffer(request);
    const authorization = Buffer.from(
      (request.headers.authorization ?? '').slice('Basic '.length),
      'base64',
    ).toString();
    if (authorization !== `default:${PASSWORD}`)
      return fail(response, 'Code: 516. DB::Exception: Authentication failed. (AUTHENTICATION_FAILED)');
    const inUrl = url.searchParams.get('query');
    const sql = inUrl ?? body.toString();
    const kill = /KILL QUERY WHERE query_id = '([\w-]+)'/.exec(sql)?.[1];
    const session = new Session(this.folder);
    try {
      if (kill !== undefined) {
        this.killed.push(kill);
        await session.queryAsync(`KILL QUERY WHERE startsWith(query, '/* ${kill} */') ASYNC`, { format: 'Null' });
        return void response.end();
      }
      for (const [name, value] of url.searchParams)
        if (!OWN.has(name))
          await session.queryAsync(`SET ${name} = '${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`, {
            format: 'Null',
          });
      const rows = inUrl === null || body.length === 0 ? undefined : body;
      response.end(await this.run(session, sql.trim(), url.searchParams.get('query_id') ?? '', rows));
    } catch (error) {
      fail(response, error instanceof Error ? error.message : String(error));
    } finally {
      session.close();
    }
  }

  private async run(session: Session, sql: string, id: string, rows: Buffer | undefined): Promise<Uint8Array> {
    const [, before = sql, format = 'TabSeparated'] = /^(.*?)\s+FORMAT (\w+)$/s.exec(sql) ?? [];
    if (rows === undefined) return (await session.queryAsync(`/* ${id} */ ${before}`, { format })).bytes();
    const file = join(this.folder, `${++this.files}.rows`);
    await writeFile(file, rows);
    return (await session.queryAsync(`${before} FROM INFILE '${file}' FORMAT ${format}`, { format: 'Null' })).bytes();
  }
}

function fail(response: ServerResponse, message: string): void {
  const code = /Code: (\d+)/.exec(message)?.[1] ?? '1001';
  response.writeHead(500, { 'X-ClickHouse-Exception-Code': code }).end(message);
}
