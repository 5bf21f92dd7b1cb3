/** Rows of `JSONEachRow`. */
export function rowsOf<T>(bytes: Buffer): T[] {
  const rows: T[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(10, at);
    const next = end === -1 ? bytes.length : end;
    if (next > at) rows.push(JSON.parse(bytes.toString('utf8', at, next)) as T);
    at = next + 1;
  }
  return rows;
}
