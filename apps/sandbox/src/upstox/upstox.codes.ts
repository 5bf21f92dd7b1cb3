import { randomUUID } from 'node:crypto';
import type { Account } from './upstox.token.js';

/** Codes that nobody has come for are forgotten, oldest first. */
const MOST = 1000;

/** The codes in the addresses the vendor gives out: each opens one connection, once. */
export class SingleUseCodes {
  private readonly open = new Map<string, Account>();

  issue(account: Account): string {
    const code = randomUUID();
    this.open.set(code, account);
    for (const [oldest] of this.open) {
      if (this.open.size <= MOST) break;
      this.open.delete(oldest);
    }
    return code;
  }

  /** Whose code it is; undefined for one that was never given out, or has been used. */
  redeem(code: string | null): Account | undefined {
    if (code === null) return undefined;
    const account = this.open.get(code);
    this.open.delete(code);
    return account;
  }
}
