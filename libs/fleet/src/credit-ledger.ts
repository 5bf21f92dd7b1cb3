import type { Log, SpentAccount, VendorId } from '#domain';
import type { RedisConnection } from '#redis';
import type { FleetKeys } from './fleet-keys.js';

/** Keeps the spans of vendors' plans in Redis, so that the next owner does not spend them again. */
export class CreditLedger {
  private readonly accounts: SpentAccount[] = [];
  /** Of which it is not known what others have spent. */
  private readonly unknown = new Set<SpentAccount>();

  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: FleetKeys,
    private readonly log: Log,
  ) {}

  /** Returns what books a spending of the account. */
  share(account: SpentAccount): (span: number, credits: number) => void {
    this.accounts.push(account);
    return (span, credits) => {
      this.add(account, span, credits).catch((error: unknown) =>
        this.log.debug({ vendor: account.vendor, error: String(error) }, 'spent credits were not booked'),
      );
    };
  }

  /** Whether a vendor's plan may be spent from: what others have spent of it is known. */
  knows(vendor: VendorId): boolean {
    for (const account of this.unknown) if (account.vendor === vendor) return false;
    return true;
  }

  /** Another node has spent until now. */
  begin(): void {
    for (const account of this.accounts) this.unknown.add(account);
  }

  /**
   * Makes this process and Redis agree about all accounts: the larger number is right.
   * @returns false when Redis has not answered for each; those of which it has are known
   */
  async reconcile(): Promise<boolean> {
    const ends = await Promise.allSettled(this.accounts.map((account) => this.reconcileOne(account)));
    const failure = ends.find((end) => end.status === 'rejected');
    if (failure !== undefined)
      this.log.debug({ error: String(failure.reason) }, 'what other nodes have spent is not known yet');
    return failure === undefined;
  }

  private async reconcileOne(account: SpentAccount): Promise<void> {
    const { span, credits } = account.present();
    const booked = Number((await this.redis.commands.get(this.keys.spent(account.vendor, account.ms, span))) ?? 0);
    if (booked > credits) account.raise(span, booked);
    this.unknown.delete(account);
    if (booked < credits) await this.add(account, span, credits - booked);
  }

  private async add({ vendor, ms }: SpentAccount, span: number, credits: number): Promise<void> {
    const key = this.keys.spent(vendor, ms, span);
    // a span later nobody asks for it
    await this.redis.commands
      .multi()
      .incrby(key, credits)
      .pexpire(key, 2 * ms)
      .exec();
  }
}
