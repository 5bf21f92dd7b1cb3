/** Exchange and segment of a fyToken, by its first four digits. */
const SEGMENTS: Readonly<Record<string, string>> = {
  '1010': 'nse_cm',
  '1011': 'nse_fo',
  '1012': 'cde_fo',
  '1020': 'nse_com',
  '1120': 'mcx_fo',
  '1210': 'bse_cm',
  '1211': 'bse_fo',
  '1212': 'bcs_fo',
};

/** The exchanges' own names of the indices whose FYERS symbol does not carry it. */
const INDEX_NAMES: Readonly<Record<string, string>> = {
  'NSE:NIFTY50-INDEX': 'Nifty 50',
  'NSE:NIFTYBANK-INDEX': 'Nifty Bank',
  'NSE:FINNIFTY-INDEX': 'Nifty Fin Service',
  'NSE:MIDCPNIFTY-INDEX': 'NIFTY MID SELECT',
  'NSE:NIFTYNXT50-INDEX': 'Nifty Next 50',
  'NSE:NIFTY100-INDEX': 'Nifty 100',
  'NSE:NIFTY500-INDEX': 'Nifty 500',
  'NSE:NIFTYIT-INDEX': 'Nifty IT',
  'NSE:NIFTYAUTO-INDEX': 'Nifty Auto',
  'NSE:NIFTYPHARMA-INDEX': 'Nifty Pharma',
  'NSE:INDIAVIX-INDEX': 'India VIX',
  'BSE:500-INDEX': 'BSE500',
};

const INDEX_SYMBOL = /^[A-Z]+:(.+)-INDEX$/;
/** Four digits of exchange and segment, six of the expiry, and the exchange's own token. */
const FY_TOKEN = /^(\d{4})\d{6}(\d+)$/;

/**
 * What the stream calls a symbol: `sf|nse_cm|3045`, an index `if|nse_cm|Nifty 50`.
 * @param fyToken the vendor's number of it: `10100000003045`
 * @returns undefined if the number is of a form or a segment nobody has described
 */
export function topicOf(symbol: string, fyToken: string): string | undefined {
  const [, prefix = '', token] = FY_TOKEN.exec(fyToken) ?? [];
  const segment = SEGMENTS[prefix];
  if (segment === undefined) return undefined;
  const index = INDEX_SYMBOL.exec(symbol)?.[1];
  return index === undefined ? `sf|${segment}|${token}` : `if|${segment}|${INDEX_NAMES[symbol] ?? index}`;
}
