import { type Clock, SourceFailedError } from '#domain';
import { objectOf } from '../decimals.js';
import { HttpClient } from '../transports/http-client.js';

const VENDOR = 'upstox';
const PATH = '/v3/feed/market-data-feed/authorize';

/**
 * Asks for the address of one connection: it carries a code that serves once.
 * Shape  `{"status":"success","data":{"authorized_redirect_uri":"wss://..."}}`; older answers have `authorizedRedirectUri`
 * @param baseUrl of the API; the address must be as well encrypted as this
 * @throws VendorRateLimitError for HTTP 429, HttpStatusError for any other refusal, 401 for a token that is not or no longer good
 * @throws SourceFailedError if there is no answer, or no usable address in it; it says nothing of the answer, which may hold a code
 */
export async function authorize(baseUrl: string, token: string, clock: Clock): Promise<string> {
  const base = new URL(baseUrl);
  // made for the one call: connections are opened too rarely to keep anything alive in between
  const client = new HttpClient(
    { vendor: VENDOR, origin: base.origin, headers: {}, connections: 1, timeoutMs: 10_000, maxBytes: 65_536 },
    clock,
  );
  try {
    const headers = { Authorization: `Bearer ${token}`, Accept: 'application/json' };
    const { body } = await client.get(`${base.pathname.replace(/\/$/, '')}${PATH}`, headers);
    const address = addressIn(body);
    if (address === undefined) throw new SourceFailedError(VENDOR, 'authorize answered without an address');
    if (!isAllowed(address, base)) throw new SourceFailedError(VENDOR, 'authorize answered with an unusable address');
    return address;
  } finally {
    await client.close();
  }
}

/** Takes the single-use code out of a text that may show an address. */
export function withoutCode(text: string): string {
  return text.replaceAll(/\b(code|requestId)=[^&\s"']+/g, '$1=***');
}

function addressIn(body: string): string | undefined {
  try {
    const data = objectOf(objectOf(JSON.parse(body))?.['data']);
    const address = data?.['authorized_redirect_uri'] ?? data?.['authorizedRedirectUri'];
    return typeof address === 'string' ? address : undefined;
  } catch {
    return undefined;
  }
}

function isAllowed(address: string, base: URL): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol } = new URL(address);
  return protocol === 'wss:' || (protocol === 'ws:' && base.protocol === 'http:');
}
