import { expect, it } from 'vitest';
import { LastValueStore } from '#cache';
import { Epoch, InstrumentMaster } from '#domain';
import { anInstrument } from '../../../../../test/support/instruments.js';
import { SymbolLists } from './symbol-lists.js';

const BEGINNING = '/quotes?symbols=';

it('forgets the oldest list for one too many, and no other', () => {
  const ids = Array.from({ length: 1001 }, (_, i) => `NSE:S${i}`);
  const lastValues = new LastValueStore(new InstrumentMaster(ids.map((id) => anInstrument({ id }))), new Epoch('e'));
  const lists = new SymbolLists(lastValues, BEGINNING);
  const answers = ids.map((id) => lists.of(BEGINNING + id));
  expect(lists.of(BEGINNING + ids[1])).toBe(answers[1]);
  expect(lists.of(BEGINNING + ids[1000])).toBe(answers[1000]);
  expect(lists.of(BEGINNING + ids[0])).not.toBe(answers[0]);
});

it('keeps no more than so many symbols', () => {
  const ids = Array.from({ length: 501 }, (_, i) => `NSE:S${i}`);
  const lastValues = new LastValueStore(new InstrumentMaster(ids.map((id) => anInstrument({ id }))), new Epoch('e'));
  const lists = new SymbolLists(lastValues, BEGINNING);
  const urls = ids.slice(0, 101).map((left) => BEGINNING + ids.filter((id) => id !== left).join());
  const answers = urls.map((url) => lists.of(url));
  expect(lists.of(urls[100] as string)).toBe(answers[100]);
  expect(lists.of(urls[0] as string)).not.toBe(answers[0]);
});
