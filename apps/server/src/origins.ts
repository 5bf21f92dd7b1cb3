/** Whether an origin is on the list; clients that are no browser send none and are always let through. */
export function originCheck(allowed: readonly string[]): (origin: string | undefined) => boolean {
  return (origin) => origin === undefined || allowed.includes('*') || allowed.includes(origin);
}
