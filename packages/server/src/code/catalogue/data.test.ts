import { describe, expect, it } from 'vitest';
import { readShippedCatalogue, readShippedFile } from '../../../test/support/catalogue.ts';
import { listControls, listCounts, listFacts, parseExpression } from '../facts/expression-rules.ts';
import { readCatalogue } from './read.ts';

const catalogue = readCatalogue(readShippedFile().bytes);
const controls = catalogue.groups.flatMap((group) => group.controls);
const expressions = [
  ...catalogue.groups.map(({ appliesTo }) => appliesTo.expr),
  ...controls.flatMap(({ appliesTo }) => appliesTo.expr ?? []),
  ...catalogue.facts.flatMap(({ type }) => (type.kind === 'derived' ? [type.expr] : [])),
].map(parseExpression);

describe('the catalogue that comes with Gatehouse', () => {
  it('holds every measure of the draft, with its flag to be checked', () => {
    expect(readShippedCatalogue()).toEqual(catalogue);
    expect(Object.fromEntries(catalogue.groups.map((group) => [group.id, group.controls.length]))).toEqual({
      vp: 11,
      ic: 29,
      iicsa: 4,
      sbd: 4,
      icu: 44,
      asm: 11,
      pcu: 38,
      law: 21,
      intl: 12,
      gw: 6,
    });
    expect(controls.filter(({ verify }) => verify)).toHaveLength(141);
    expect(controls.filter(({ verify, verifyNote }) => verify && (verifyNote ?? '').length < 12)).toEqual([]);
    expect(catalogue.disclaimer).toContain("not Ofcom's");
    expect(catalogue.disclaimer).toContain('not legal advice');
  });

  it('asks no question that nothing depends on, and names every kind of priority illegal content', () => {
    const used = new Set([...expressions.flatMap(listFacts)]);
    const counted = (id: string): boolean => expressions.flatMap(listCounts).some(({ prefix, except }) => id.startsWith(prefix) && !except.includes(id));
    const idle = catalogue.facts.filter(({ id }) => !used.has(id) && !counted(id)).map(({ id }) => id);
    // They decide what must be reported and what the terms must say; their help says that no measure depends on them.
    expect(idle).toEqual(['ukProvider', 'proactiveTech']);
    expect(catalogue.facts.filter(({ id, help }) => idle.includes(id) && !(help ?? '').includes('No measure begins or ends with it'))).toEqual([]);
    const rows = ['risk.imageCsam', 'risk.csamUrls', 'risk.grooming'];
    const levels = catalogue.facts.filter(({ id, type }) => type.kind === 'level' && id.startsWith('risk.')).map(({ id }) => id);
    expect(levels.filter((id) => !rows.includes(id))).toHaveLength(18);
    expect(levels).toEqual(expect.arrayContaining(rows));
    expect([...new Set(expressions.flatMap(listControls))].toSorted()).toEqual([
      'icu-c15',
      'icu-c9',
      'pcu-b2',
      'pcu-b3',
      'pcu-b4',
      'pcu-b5',
      'pcu-b6',
      'pcu-b7',
    ]);
  });

  it('has a use for every metric and every source', () => {
    const used = new Set(controls.flatMap(({ evidence }) => evidence.map(({ metric }) => metric)));
    expect(catalogue.metrics.filter(({ id }) => !used.has(id))).toEqual([]);
    const cited = new Set([...controls, ...catalogue.amendments].map(({ source }) => source.sourceId));
    expect(catalogue.sources.filter(({ id }) => !cited.has(id)).map(({ id }) => id)).toEqual(['HMG-INT-RESP']);
  });

  it('leads from the hash matching of the code up to the recommendation', () => {
    const up = (id: string): string[] => controls.find((control) => control.id === id)?.up ?? [];
    expect(up('icu-c9')).toEqual(['ic-01.1']);
    expect(up('ic-01.1')).toEqual(['vp-01']);
    expect(up('vp-01')).toEqual(['iicsa-1', 'iicsa-4']);
    // Every principle and every expectation of the interim code has a way to a recommendation.
    const reaches = (id: string): boolean => id.startsWith('iicsa-') || up(id).some(reaches);
    expect(controls.filter(({ id }) => /^(vp|ic)-/.test(id) && !reaches(id))).toEqual([]);
  });

  it('never takes a threshold of the law from an average', () => {
    const law = controls.flatMap(({ evidence }) => evidence.filter(({ basis }) => basis === 'law'));
    expect(law.map(({ metric }) => metric)).toEqual(expect.arrayContaining(['intimate_image_decide_max_hours', 'authority_request_max_days']));
    expect(law.filter(({ metric, threshold }) => /p95|p50/.test(metric) && threshold.kind === 'number')).toEqual([]);
  });

  it('says of each standing what its dates are', () => {
    expect(controls.filter(({ standing }) => standing === 'lapsed').map(({ id, until }) => [id, until])).toEqual([['intl-eu-interim', '2026-04-03']]);
    expect(controls.filter(({ standing }) => standing === 'laid').map(({ id }) => id)).toEqual(['icu-c15', 'icu-c16']);
    expect(controls.filter(({ standing }) => standing === 'power').map(({ id }) => id)).toEqual(['law-s77', 'law-s102', 'law-s121']);
    expect(controls.find(({ id }) => id === 'icu-c14')).toMatchObject({ standing: 'in_force', from: '2026-09-30', verify: true });
    const text = /in force (?:from )?(\d{4}-\d\d-\d\d)/;
    expect(controls.filter(({ status, from }) => (text.exec(status)?.[1] ?? from) !== from).map(({ id }) => id)).toEqual([]);
  });
});
