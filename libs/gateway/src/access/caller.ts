import type { IncomingHttpHeaders } from 'node:http';
import type { Authenticator, Credentials, Identity } from '#auth';
import { addressOf } from './address.js';

/** Who is at a door, and from where. */
export interface Caller {
  readonly identity: Identity;
  /** Address for counting: see `addressOf`. */
  readonly address: string;
}

/** What every door's request offers to tell who sent it. */
export interface DoorRequest {
  readonly headers: IncomingHttpHeaders;
  readonly socket: { readonly remoteAddress?: string };
}

/** Finds out who is at a door: the same for all of them. */
export class Callers {
  constructor(
    readonly authenticator: Authenticator,
    private readonly trustedProxies: number,
  ) {}

  /** Lets a caller in as the mode wants it. @throws MarketDataError `UNAUTHENTICATED` or `TOKEN_EXPIRED` */
  async admit(request: DoorRequest, shown: Credentials = credentialsOf(request.headers)): Promise<Caller> {
    const address = this.addressOf(request);
    return { identity: await this.authenticator.admit(shown), address };
  }

  /** Asks for a credential whatever the mode. @throws MarketDataError `UNAUTHENTICATED` or `TOKEN_EXPIRED` */
  async verify(request: DoorRequest, shown: Credentials = credentialsOf(request.headers)): Promise<Caller> {
    const address = this.addressOf(request);
    return { identity: await this.authenticator.verify(shown), address };
  }

  /** A caller who has not said who they are. */
  anonymous(request: DoorRequest): Caller {
    return { identity: this.authenticator.anonymous, address: this.addressOf(request) };
  }

  private addressOf({ headers, socket }: DoorRequest): string {
    return addressOf(socket.remoteAddress, headers['x-forwarded-for'], this.trustedProxies);
  }
}

/** What is counted per user: the subject, or the address of those who have not said who they are. */
export function userOf({ identity, address }: Caller): string {
  return identity.subject ?? address;
}

/** The credential in a request's headers: `X-API-Key`, or `Authorization: Bearer`. Empty when there is none. */
export function credentialsOf(headers: IncomingHttpHeaders): Credentials {
  const apiKey = headers['x-api-key'];
  if (typeof apiKey === 'string') return { apiKey };
  const { authorization } = headers;
  if (authorization === undefined) return {};
  // another scheme is a credential too, and a wrong one
  return { token: /^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? '' };
}
