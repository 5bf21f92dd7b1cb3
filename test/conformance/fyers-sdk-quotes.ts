import type { Tick } from '#domain';

/** What one message of the vendor's client holds: text by its own names of the values. */
export type SdkMessage = Readonly<Record<string, string>>;

/** Everything known of one instrument after some message, in our names; what is not known is left out. */
export type Known = Readonly<Record<string, number>>;

const NAMES: Readonly<Record<string, keyof Tick>> = {
  ltp: 'price',
  v: 'volume',
  bq: 'bidSize',
  bs: 'askSize',
  bp: 'bid',
  sp: 'ask',
  ltq: 'lastSize',
  ap: 'averagePrice',
  oi: 'openInterest',
  lo: 'low',
  h: 'high',
  lcl: 'lowerCircuit',
  ucl: 'upperCircuit',
  op: 'open',
  c: 'previousClose',
  fdtm: 'eventTime',
  iv: 'price',
  ic: 'previousClose',
  highPrice: 'high',
  lowPrice: 'low',
  openingPrice: 'open',
  tvalue: 'eventTime',
};
const COMPARED = new Set<string>(Object.values(NAMES));
const TIME = /^(\d\d)\/(\d\d)\/(\d{4}) (\d\d):(\d\d):(\d\d)$/;

/** What the vendor's client knew of each topic (`nse_cm|3045`) after each message that changed more than a time. */
export function sdkHistory(messages: readonly SdkMessage[]): ReadonlyMap<string, Known[]> {
  return history(
    messages.flatMap((message) => {
      if (message['tk'] === undefined) return [];
      const values: [string, number][] = [];
      for (const [name, text] of Object.entries(message)) {
        const field = NAMES[name];
        if (field === undefined) continue;
        const value = field === 'eventTime' ? timeOf(text) : Number(text);
        // a share has no open interest, for which the vendor sends 0
        if (field !== 'openInterest' || value !== 0) values.push([field, value]);
      }
      return [[`${message['e']}|${message['tk']}`, values] as const];
    }),
  );
}

/** The same of our ticks, whose instruments are topics. */
export function ourHistory(ticks: readonly Tick[]): ReadonlyMap<string, Known[]> {
  return history(
    ticks.map((tick) => {
      const values = Object.entries(tick).filter(([field, value]) => COMPARED.has(field) && value !== undefined);
      return [tick.instrument, values as [string, number][]] as const;
    }),
  );
}

function history(changes: readonly (readonly [string, readonly [string, number][]])[]): ReadonlyMap<string, Known[]> {
  const histories = new Map<string, Known[]>();
  for (const [topic, values] of changes) {
    const before = histories.get(topic) ?? [];
    const known = { ...before.at(-1), ...Object.fromEntries(values) };
    if (keyOf(known) !== keyOf(before.at(-1))) histories.set(topic, [...before, known]);
  }
  return histories;
}

function keyOf(known: Known | undefined): string {
  return JSON.stringify(
    Object.entries(known ?? {})
      .filter(([field]) => field !== 'eventTime')
      .toSorted(([a], [b]) => a.localeCompare(b)),
  );
}

/** Epoch ms of `21/11/2026 08:33:06`, in a process whose time zone is UTC. */
function timeOf(text: string): number {
  const [, day, month, year, hour, minute, second] = TIME.exec(text)?.map(Number) ?? [];
  return Date.UTC(year as number, (month as number) - 1, day, hour, minute, second);
}
