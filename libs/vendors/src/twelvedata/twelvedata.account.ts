import { ConfigError, type Instrument } from '#domain';
import type { VendorTools } from '../define-vendor.js';
import { redactor } from '../transports/redact.js';
import type { TwelveDataEnv } from './twelvedata.env.js';
import { readSymbol, type TwelveDataSymbol } from './twelvedata.symbols.js';

/** What the stream and the calls have in common. */
export interface TwelveDataAccount {
  readonly apiKey: string;
  readonly redact: (text: string) => string;
  readonly carries: (instrument: Instrument) => boolean;
  readonly symbolOf: (instrument: Instrument) => TwelveDataSymbol;
}

/** @throws ConfigError without an API key */
export function accountOf({ exchanges }: TwelveDataEnv, tools: VendorTools): TwelveDataAccount {
  const apiKey = tools.secret('api_key')?.trim() ?? '';
  if (apiKey === '') throw new ConfigError(['TWELVEDATA_SECRET_API_KEY: must be set to use twelvedata']);
  return {
    apiKey,
    redact: redactor(apiKey),
    carries: (instrument) => exchanges.includes(instrument.exchange),
    symbolOf: (instrument) => {
      const own = tools.symbolOf(instrument);
      return own === undefined ? { symbol: instrument.ticker, exchange: instrument.exchange } : readSymbol(own);
    },
  };
}
