/** Callers who want the same thing at the same time share one call. */
export class SingleFlight<K, V> {
  private readonly flights = new Map<K, Promise<V>>();

  /** Joined calls since start: each is a call saved. */
  joined = 0;

  has(key: K): boolean {
    return this.flights.has(key);
  }

  run(key: K, call: () => Promise<V>): Promise<V> {
    const flying = this.flights.get(key);
    if (flying !== undefined) {
      this.joined++;
      return flying;
    }
    const flight = call().finally(() => this.flights.delete(key));
    this.flights.set(key, flight);
    return flight;
  }
}
