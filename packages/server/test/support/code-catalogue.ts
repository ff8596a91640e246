/** A catalogue of three measures, for tests of this room. */
import type { Catalogue, Control, EvidenceItem, LoadedCatalogue } from '../../src/code/catalogue/schema.ts';

const SOURCE = { sourceId: 'S', section: '1', date: '2026-01-01' } as const;

function control(id: string, evidence: readonly EvidenceItem[]): Control {
  return {
    id,
    ref: id,
    title: `Measure ${id}`,
    statement: 'A statement.',
    source: SOURCE,
    appliesTo: { expr: 'true', text: 'Everybody.' },
    standing: 'in_force',
    status: 'In force.',
    from: null,
    until: null,
    evidence: [...evidence],
    up: [],
    related: [],
    verify: false,
    verifyNote: null,
  };
}

const item = (metric: string, more: Partial<EvidenceItem>): EvidenceItem => ({
  metric,
  threshold: { kind: 'reported' },
  window: '30d',
  mode: 'measured',
  basis: 'proposal',
  note: null,
  ...more,
});

export function makeCatalogue(): LoadedCatalogue {
  const controls = [
    control('one', [
      item('upload_screen_coverage_ratio', { threshold: { kind: 'number', op: '=', value: 1 } }),
      item('hashlist_age_hours', { threshold: { kind: 'number', op: '<=', value: 24 } }),
    ]),
    control('two', [item('match_block_p95_seconds', { threshold: { kind: 'own', op: '<=', target: 'block-seconds' }, window: '7d' })]),
    control('three', [item('training_current_ratio', { threshold: { kind: 'number', op: '>=', value: 0.95 }, window: 'now', mode: 'attested' })]),
  ];
  const metrics: Catalogue['metrics'] = [
    { id: 'upload_screen_coverage_ratio', title: 'Screened before visible', unit: 'ratio', text: 'x' },
    { id: 'hashlist_age_hours', title: 'Age of the lists', unit: 'hours', text: 'x' },
    { id: 'match_block_p95_seconds', title: 'Time to block', unit: 'seconds', text: 'x' },
    { id: 'training_current_ratio', title: 'Training', unit: 'ratio', text: 'x' },
  ];
  const catalogue: Catalogue = {
    format: 1,
    version: '1.0.0',
    releasedOn: '2026-11-25',
    title: 'Test',
    disclaimer: 'Test.',
    language: 'en-GB',
    sources: [],
    facts: [],
    metrics,
    groups: [{ id: 'g', title: 'Group', layer: 'own', appliesTo: { expr: 'true', text: 'x' }, controls }],
    amendments: [],
    changeLog: [],
  };
  const [group] = catalogue.groups;
  return {
    catalogue,
    digest: 'c'.repeat(64),
    signedBy: 'test',
    control(id) {
      const found = controls.find((one) => one.id === id);
      return found === undefined || group === undefined ? undefined : { control: found, group };
    },
    metric: (id) => metrics.find((one) => one.id === id),
  };
}
