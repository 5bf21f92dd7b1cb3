import type { Log, SpentAccount } from '#domain';
import type { RedisConnection } from '#redis';
import type { FleetKeys } from './fleet-keys.js';

/** Keeps the spans of vendors' plans in Redis, so that the next owner does not spend them again. */
export class CreditLedger {
  private readonly accounts: SpentAccount[] = [];

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

  /** Makes this process and Redis agree about all accounts: the larger number is right. Rejects when Redis does not answer. */
  async reconcile(): Promise<void> {
    await Promise.all(this.accounts.map((account) => this.reconcileOne(account)));
  }

  private async reconcileOne(account: SpentAccount): Promise<void> {
    const { span, credits } = account.present();
    const booked = Number((await this.redis.commands.get(this.keys.spent(account.vendor, account.ms, span))) ?? 0);
    if (booked > credits) account.raise(span, booked);
    else if (booked < credits) await this.add(account, span, credits - booked);
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
