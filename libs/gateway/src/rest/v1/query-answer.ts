const META = '"meta":';
const DATA = '\n\n\t"data":';
const ROWS = '\n\n\t"rows":';
const TOTALS = '\n\n\t"rows_before_limit_at_least":';

/**
 * The engine's JSONCompact with our names for its parts, without reading the rows: they may be megabytes. A line break cannot stand within a
 * JSON text, so the breaks before a part's name are where the part begins.
 * @returns its pieces in order, among them the rows where they lie
 * @throws Error for what is not JSONCompact
 */
export function jsonAnswer(compact: Buffer): Buffer[] {
  const meta = compact.indexOf(META);
  const data = compact.indexOf(DATA);
  const rows = compact.lastIndexOf(ROWS);
  if (meta === -1 || data === -1 || rows < data) throw new Error('the engine has not answered in its format');
  const tail = compact.toString('utf8', rows).replace(ROWS, '"rowCount":').replace(TOTALS, '"rowsBeforeLimit":');
  return [
    Buffer.from(`{"columns":${compact.toString('utf8', meta + META.length, data).trim()}"rows":`),
    compact.subarray(data + DATA.length, rows),
    Buffer.from(tail),
  ];
}
