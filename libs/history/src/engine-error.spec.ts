import { describe, expect, it } from 'vitest';
import { insertError } from './engine-error.js';

describe('rows that an engine refuses', () => {
  it.each([6, 27, 33, 53, 70, 117])('are refused for good with %i: it is what they are', (code) => {
    expect(insertError(code, `Code: ${code}. DB::Exception: no`)).toMatchObject({
      code: 'QUERY_INVALID',
      retryable: false,
    });
  });

  it.each([241, 159, 201, 173, 1002, 499, 516, 497, 164, 60, 81, 4711, undefined])('wait with %s', (code) => {
    expect(insertError(code, 'no')).toMatchObject({ code: 'HISTORY_UNAVAILABLE', retryable: true });
  });
});
