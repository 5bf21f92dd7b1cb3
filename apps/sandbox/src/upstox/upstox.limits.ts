export const MODES = ['ltpc', 'option_greeks', 'full', 'full_d30'] as const;
export type Mode = (typeof MODES)[number];
export type Tier = 'normal' | 'plus';

/** Connections of one user. */
export const CONNECTIONS: Readonly<Record<Tier, number>> = { normal: 2, plus: 5 };
/** Keys of a mode on one connection: when it is the only mode there, and when there are several. */
const ALONE: Readonly<Record<Mode, number>> = { ltpc: 5000, option_greeks: 3000, full: 2000, full_d30: 50 };
const COMBINED: Readonly<Record<Mode, number>> = { ltpc: 2000, option_greeks: 2000, full: 1500, full_d30: 1500 };

/** Why a connection may not carry these keys; undefined when it may. @param modes of each key it would carry */
export function excess(tier: Tier, modes: Iterable<Mode>): string | undefined {
  const counts = new Map<Mode, number>();
  for (const mode of modes) counts.set(mode, (counts.get(mode) ?? 0) + 1);
  if (counts.has('full_d30') && tier !== 'plus') return 'full_d30 is available with Upstox Plus only';
  const limits = counts.size > 1 ? COMBINED : ALONE;
  for (const [mode, count] of counts)
    if (count > limits[mode]) return `maximum of ${limits[mode]} instrument keys for mode ${mode} exceeded`;
  return undefined;
}
