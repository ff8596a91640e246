import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareSignals, choosePdq, groupByBank, groupBySignal, readBoolean, readSignal, readTypes, selectBanks, toHashes } from './answer-rules.ts';
import { toBank, toBankName, toContentId, toEntry } from './naming-rules.ts';

const id = (end: string): string => `list_${'0'.repeat(26 - end.length)}${end}`;
const PDQ = 'f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22';

describe('names and numbers', () => {
  it.each([
    ['NCMEC', 'NCMEC'],
    ['ncmec', 'NCMEC'],
    ['_a1', '_A1'],
    ['Own list', 'OWN_LIST_00000A'],
    ['own-list', 'OWN_LIST_00000A'],
    ['2026', '_2026_00000A'],
    ['straße', 'STRASSE_00000A'],
    ['лист', '_____00000A'],
  ])('%s is the bank %s', (name, bank) => expect(toBankName({ id: id('a'), name })).toBe(bank));

  it('a bank is always of the form that HMA asks for, and two lists are two banks', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (a, b) => {
        const [one, two] = [toBankName({ id: id('a'), name: a }), toBankName({ id: id('b'), name: b })];
        expect(one).toMatch(/^[A-Z_][A-Z0-9_]*$/);
        if (a.toLowerCase() !== b.toLowerCase()) expect(one).not.toBe(two);
      }),
    );
    expect([toBank({ id: id('a'), name: 'A', state: 'active' }), toBank({ id: id('a'), name: 'A', state: 'disabled' })]).toEqual([
      { name: 'A', matching_enabled_ratio: 1 },
      { name: 'A', matching_enabled_ratio: 0 },
    ]);
  });

  it('an entry has one safe number over all lists, and it leads back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 32 - 1 }), fc.stringMatching(/^[0-9a-z]{26}$/), (entry, end) => {
        const number = toContentId(`list_${end}`, entry);
        expect(Number.isSafeInteger(number)).toBe(true);
        expect(toEntry(`list_${end}`, String(number))).toBe(entry);
      }),
    );
    // Written down: a number that changes with a version of the program would point to another entry.
    expect(toContentId(id('a'), 1)).toBe(3_619_240_091_320_321);
    expect(toEntry(id('b'), String(toContentId(id('a'), 7)))).toBeUndefined();
    for (const wrong of ['0', '-1', '1e3', '', 'x', '99999999999999999999', String(toContentId(id('a'), 7) - 7)])
      expect(toEntry(id('a'), wrong)).toBeUndefined();
  });
});

describe('questions', () => {
  it('signals', () => {
    expect(readSignal('pdq', PDQ.toUpperCase())).toEqual({ type: 'pdq', value: PDQ });
    expect(readSignal('video_md5', 'a'.repeat(32))).toEqual({ type: 'md5', value: 'a'.repeat(32) });
    // matching.py: abort(400, "No such SignalType '…'"), abort(400, "invalid signal: …")
    expect(() => readSignal('md5', 'a'.repeat(32))).toThrow("No such SignalType 'md5'");
    for (const value of ['', PDQ.slice(1), `${PDQ}0`, PDQ.replace('f', 'g')]) expect(() => readSignal('pdq', value)).toThrow(/^invalid signal: /);
  });

  it('types and booleans', () => {
    expect([readTypes('photo', undefined), readTypes('video', undefined), readTypes('photo', 'pdq, sha256,')]).toEqual([
      ['pdq'],
      ['video_md5'],
      ['pdq', 'sha256'],
    ]);
    expect(() => readTypes('video', 'pdq')).toThrow("signal type 'pdq' doesn't exist or is disabled");
    expect(() => readTypes('photo', ' ,')).toThrow('empty signal type selection');
    expect(['True', '1', 'false', undefined].map(readBoolean)).toEqual([true, true, false, false]);
    expect(() => readBoolean('yes')).toThrow('invalid boolean parameter - prefer true/false');
  });
});

describe('answers', () => {
  const hit = (listName: string, entry: number, signal: 'pdq' | 'md5' = 'pdq', distance = 4) => ({ listId: id('a'), listName, entry, signal, distance });

  it('by bank and by signal type, with distances as texts', () => {
    const found = selectBanks([hit('A', 1), hit('B', 2), hit('A', 3, 'md5', 0)], 3, undefined);
    const at = (entry: number): number => toContentId(id('a'), entry);
    expect(groupByBank(found.slice(0, 2))).toEqual({ A: [{ bank_content_id: at(1), distance: '4' }], B: [{ bank_content_id: at(2), distance: '4' }] });
    expect(groupBySignal(found, ['pdq'])).toEqual({
      pdq: { A: [{ bank_content_id: at(1), distance: '4' }], B: [{ bank_content_id: at(2), distance: '4' }] },
      video_md5: { A: [{ bank_content_id: at(3), distance: '' }] },
    });
    expect(groupBySignal([], ['pdq'])).toEqual({ pdq: {} });
    expect(groupBySignal([], [])).toEqual({});
  });

  it('only the banks that are asked for, and no "nothing" when there are more matches than are shown', () => {
    expect(selectBanks([hit('A', 1), hit('B', 2)], 2, 'B,C').map(({ bank }) => bank)).toEqual(['B']);
    expect(selectBanks([hit('A', 1)], 1, 'C')).toEqual([]);
    expect(() => selectBanks([hit('A', 1), { ...hit('B', 2), listId: id('b') }], 3, 'C')).toThrow(/nothing can be said/);
    // Of every list the nearest is shown before a second one of any.
    expect(selectBanks([hit('A', 1), hit('A', 2)], 3, 'C')).toEqual([]);
  });

  it('comparisons: [matches, {distance}], as the named tuple of python-threatexchange is written', () => {
    expect(compareSignals({ pdq: [PDQ, PDQ.replace(/22$/, '21')], video_md5: ['a'.repeat(32), 'A'.repeat(32)] })).toEqual({
      pdq: [true, { distance: 2 }],
      video_md5: [true, {}],
    });
    expect(compareSignals({ pdq: ['0'.repeat(64), `${'0'.repeat(56)}ffffffff`] })).toEqual({ pdq: [false, { distance: 32 }] });
    expect(compareSignals({ pdq: ['0'.repeat(64), `${'0'.repeat(56)}7fffffff`] })).toEqual({ pdq: [true, { distance: 31 }] });
    for (const [body, message] of [
      [[], 'Request input was not a dict'],
      [null, 'Request input was not a dict'],
      [{ pdq: PDQ }, 'Comparison hashes for pdq was not a list'],
      [{ pdq: [PDQ] }, 'Comparison hash list length must be exactly 2'],
      [{ pdq: [PDQ, 1] }, 'invalid signal'],
      [{ other: [PDQ, PDQ] }, "No such SignalType 'other'"],
    ] as const)
      expect(() => compareSignals(body)).toThrow(message);
  });

  it('hashes: the form that HMA hashes, an empty text below quality 50, an error when there is none', () => {
    const picture = (form: 'full' | 'nearest512', rendering: 'opaque' | 'white' | 'dropped', quality: number, hash: string) => ({
      form,
      rendering,
      quality,
      hashes: [hash],
    });
    expect(choosePdq([picture('nearest512', 'opaque', 100, 'n'), picture('full', 'opaque', 50, 'f')])).toBe('f');
    expect(choosePdq([picture('full', 'white', 100, 'w'), picture('full', 'dropped', 100, 'd')])).toBe('d');
    expect(choosePdq([picture('full', 'opaque', 49, 'f')])).toBe('');
    expect(choosePdq([])).toBeUndefined();
    const digests = { md5: 'm', sha1: '1', sha256: '2' };
    expect(toHashes(['pdq', 'video_md5', 'sha256'], digests, '')).toEqual({ pdq: '', video_md5: 'm', sha256: '2' });
    expect(() => toHashes(['pdq'], digests, undefined)).toThrow(/could not be hashed/);
  });
});
