import { expect, it } from 'vitest';
import { redactor } from './redact.js';

it('takes a secret out wherever it stands, as it is and as in a URL', () => {
  const redact = redactor('k/1 23456');
  expect(redact('key k/1 23456, again k/1 23456, ?apikey=k%2F1%2023456&x=1')).toBe(
    'key ***, again ***, ?apikey=***&x=1',
  );
});

it('leaves alone what is too short to be a secret', () => {
  expect(redactor('demo')('the demo key')).toBe('the demo key');
  expect(redactor('')('any text')).toBe('any text');
});
