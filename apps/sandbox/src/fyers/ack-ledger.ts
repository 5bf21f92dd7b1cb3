/** So many acknowledgements may be on their way. */
const PATIENCE = 20;

/** Books which data messages a client still has to acknowledge. */
export class AckLedger {
  acknowledged = 0;
  /** Those given up on. */
  missed = 0;
  /** Those nobody asked for. */
  stray = 0;
  private readonly open = new Set<number>();
  private sinceAck = 0;

  /** @param every so manieth message is to be acknowledged */
  constructor(private readonly every: number) {}

  sent(messageNumber: number): void {
    if (++this.sinceAck < this.every) return;
    this.sinceAck = 0;
    this.open.add(messageNumber);
    if (this.open.size <= PATIENCE) return;
    const [oldest] = this.open;
    this.open.delete(oldest as number);
    this.missed++;
  }

  received(messageNumber: number): void {
    if (this.open.delete(messageNumber)) this.acknowledged++;
    else this.stray++;
  }
}
