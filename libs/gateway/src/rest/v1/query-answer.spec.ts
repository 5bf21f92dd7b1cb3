import { describe, expect, it } from 'vitest';
import { jsonAnswer } from './query-answer.js';

/** JSONCompact as the engine writes it. */
function compact(meta: string, data: string, rows: number): Buffer {
  return Buffer.from(
    `{\n\t"meta":\n\t[\n${meta}\n\t],\n\n\t"data":\n\t[\n${data}\n\t],\n\n\t"rows": ${rows},\n\n\t"rows_before_limit_at_least": 9,\n\n\t"statistics":\n\t{\n\t\t"elapsed": 0.001,\n\t\t"rows_read": 1,\n\t\t"bytes_read": 1\n\t}\n}\n`,
  );
}

describe('the JSON answer of a query', () => {
  it('has columns, rows, their number and statistics', () => {
    const answer = jsonAnswer(
      compact('\t\t{\n\t\t\t"name": "x",\n\t\t\t"type": "UInt8"\n\t\t}', '\t\t[1],\n\t\t[2]', 2),
    );
    expect(JSON.parse(Buffer.concat(answer).toString())).toEqual({
      columns: [{ name: 'x', type: 'UInt8' }],
      rows: [[1], [2]],
      rowCount: 2,
      rowsBeforeLimit: 9,
      statistics: { elapsed: 0.001, rows_read: 1, bytes_read: 1 },
    });
  });

  it('is not misled by names and values that look like parts', () => {
    const evil = JSON.stringify('\n\n\t"data": "meta": \n\n\t"rows": ');
    const answer = jsonAnswer(compact(`{"name": ${evil}, "type": "String"}`, `[${evil}]`, 1));
    expect(JSON.parse(Buffer.concat(answer).toString())).toMatchObject({ rows: [[JSON.parse(evil)]], rowCount: 1 });
  });
});
