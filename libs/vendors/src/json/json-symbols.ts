import type { Instrument, InstrumentId } from '#domain';
import { vendorSymbolOf } from './json-template.js';

/** The vendor's names of instruments, and back to the instruments that were asked for. */
export class JsonSymbols {
  private readonly ids = new Map<string, InstrumentId>();

  constructor(
    private readonly template: string,
    private readonly exchanges: readonly string[],
  ) {}

  carries(instrument: Instrument): boolean {
    return this.exchanges.includes(instrument.exchange) && vendorSymbolOf(this.template, instrument) !== undefined;
  }

  /** Names to ask for; none for an instrument that lacks what the template needs. */
  namesOf(instruments: readonly Instrument[]): string[] {
    return instruments.flatMap((instrument) => {
      const name = vendorSymbolOf(this.template, instrument);
      if (name === undefined) return [];
      this.ids.set(name, instrument.id);
      return [name];
    });
  }

  instrumentOf(name: string): InstrumentId | undefined {
    return this.ids.get(name);
  }
}
