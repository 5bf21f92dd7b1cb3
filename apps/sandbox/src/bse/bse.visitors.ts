import type { Clock } from '#domain';

const SESSION = 'bse_session';
const LIFE_MS = 1_200_000;

/** Who has visited the site. A call needs no cookie; one that sends the site's must send one that is still good. */
export class BseVisitors {
  private readonly since = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  /** `Set-Cookie` lines for a new visitor. */
  welcome(): string[] {
    const id = `v${this.since.size + 1}`;
    this.since.set(id, this.clock.now());
    return [`${SESSION}=${id}; Path=/; HttpOnly`, 'bse_region=in; Path=/'];
  }

  /** What a call's cookies are worth: `none` has sent none of the site's. */
  check(cookie: string | undefined): 'none' | 'good' | 'bad' {
    const id = new RegExp(`(?:^|;)\\s*${SESSION}=([^;]*)`).exec(cookie ?? '')?.[1];
    if (id === undefined) return 'none';
    const since = this.since.get(id.trim());
    return since !== undefined && this.clock.now() - since < LIFE_MS ? 'good' : 'bad';
  }
}
