import type { VendorId } from './tick.js';

/** What has been spent of one limit of a vendor's plan in the present span of the calendar. */
export interface SpentAccount {
  readonly vendor: VendorId;
  /** Length of a span, ms: they lie one after another since 1970 in UTC. */
  readonly ms: number;
  /** Which span it is now, and the credits this process knows to have been spent in it. */
  present(): { readonly span: number; readonly credits: number };
  /** Others have spent too: so many are gone in that span in all. A smaller number than is known changes nothing. */
  raise(span: number, credits: number): void;
}

/** Whose turn it is to call vendors, where several processes share their plans. Absent where one process is alone. */
export interface VendorTurn {
  /** Whether this process may call a vendor at this moment. */
  mayCall(vendor: VendorId): boolean;
  /** Called when the turn comes to this process: another may have called until now. */
  onTurn(listener: () => void): void;
  /** Shares an account with the others. Returns what is to be called with each spending, before the call. */
  share(account: SpentAccount): (span: number, credits: number) => void;
}
