/** What is wrong with a catalogue that has the right shape: names that nothing stands behind, circles, thresholds that cannot be judged. Pure. */
import type { FieldError } from '../../platform/errors.ts';
import { compileModel } from '../facts/condition-rules.ts';
import type { Catalogue, Control, EvidenceItem } from './schema.ts';

interface Book {
  readonly controls: ReadonlyMap<string, Control>;
  readonly sources: ReadonlySet<string>;
  readonly units: ReadonlyMap<string, string>;
}

/** Empty when there is nothing. */
export function findFaults(catalogue: Catalogue): FieldError[] {
  const all = catalogue.groups.flatMap(({ controls }) => controls);
  const book: Book = {
    controls: new Map(all.map((control) => [control.id, control])),
    sources: new Set(catalogue.sources.map(({ id }) => id)),
    units: new Map(catalogue.metrics.map(({ id, unit }) => [id, unit])),
  };
  return [
    ...findDoubles(catalogue, all),
    ...all.flatMap((control) => findControlFaults(control, book)),
    ...findCircles(book.controls),
    ...findTargetFaults(all, book.units),
    ...findAmendmentFaults(catalogue, book),
    ...findChangeLogFaults(catalogue),
    ...compileModel(catalogue).faults.map((message) => ({ at: '/expressions', message })),
  ];
}

function findDoubles(catalogue: Catalogue, controls: readonly Control[]): FieldError[] {
  const lists = {
    sources: catalogue.sources,
    facts: catalogue.facts,
    metrics: catalogue.metrics,
    groups: catalogue.groups,
    controls,
    amendments: catalogue.amendments,
  };
  return Object.entries(lists).flatMap(([name, items]) =>
    listDoubles(items.map(({ id }) => id)).map((id) => ({ at: `/${name}/${id}`, message: 'The id is there twice.' })),
  );
}

function listDoubles(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}

function findControlFaults(control: Control, book: Book): FieldError[] {
  return [...describeControlFaults(control, book), ...describeEvidenceFaults(control, book)].map(([member, message]) => ({
    at: `/controls/${control.id}/${member}`,
    message,
  }));
}

type Fault = readonly [member: string, message: string];

function describeControlFaults(control: Control, { controls, sources }: Book): Fault[] {
  const { id, source, related, verify, verifyNote, from, until } = control;
  const links = (['up', 'related'] as const).flatMap((member): Fault[] => [
    ...control[member].filter((one) => !controls.has(one)).map((one): Fault => [member, `There is no measure ${one}.`]),
    ...listDoubles(control[member]).map((one): Fault => [member, `${one} is named twice.`]),
  ]);
  const faults: readonly (readonly [isFault: boolean, ...Fault])[] = [
    [!sources.has(source.sourceId), 'source', `There is no source ${source.sourceId}.`],
    [related.includes(id), 'related', 'It names itself.'],
    [verify && verifyNote === null, 'verifyNote', 'What must be checked is not said.'],
    [from !== null && until !== null && until < from, 'until', 'It ends before it begins.'],
  ];
  return [...links, ...faults.flatMap(([isFault, member, message]): Fault[] => (isFault ? [[member, message]] : []))];
}

function describeEvidenceFaults({ evidence }: Control, { units }: Book): Fault[] {
  return [
    ...listDoubles(evidence.map(({ metric }) => metric)).map((metric): Fault => ['evidence', `The metric ${metric} is there twice.`]),
    ...evidence.flatMap((item): Fault[] => {
      const message = describeItemFault(item, units.get(item.metric));
      return message === undefined ? [] : [[`evidence/${item.metric}`, message]];
    }),
  ];
}

function describeItemFault({ metric, threshold }: EvidenceItem, unit: string | undefined): string | undefined {
  if (unit === undefined) return `There is no metric ${metric}.`;
  const isBoolean = unit === 'boolean';
  if (threshold.kind === 'yes' && !isBoolean) return `A threshold of yes needs a metric of yes or no; this one is in ${unit}.`;
  if ((threshold.kind === 'number' || threshold.kind === 'own') && isBoolean) return 'A metric of yes or no has no threshold that is a number.';
  return undefined;
}

/** `up` leads towards a recommendation, so it ends. */
function findCircles(controls: ReadonlyMap<string, Control>): FieldError[] {
  const state = new Map<string, 'open' | 'done'>();
  const faults: FieldError[] = [];
  const walk = (id: string): void => {
    if (state.get(id) === 'done') return;
    if (state.get(id) === 'open') {
      faults.push({ at: `/controls/${id}/up`, message: 'The way up comes back to where it began.' });
      return;
    }
    state.set(id, 'open');
    for (const next of controls.get(id)?.up ?? []) walk(next);
    state.set(id, 'done');
  };
  for (const id of controls.keys()) walk(id);
  return faults;
}

/** One target is one figure: the same metric, the same direction, wherever it stands. */
function findTargetFaults(controls: readonly Control[], units: ReadonlyMap<string, string>): FieldError[] {
  const known = new Map<string, string>();
  const faults: FieldError[] = [];
  for (const { id, evidence } of controls) {
    for (const { metric, threshold } of evidence) {
      if (threshold.kind !== 'own') continue;
      const meaning = `${threshold.op} ${metric} in ${units.get(metric) ?? ''}`;
      const before = known.get(threshold.target) ?? meaning;
      known.set(threshold.target, before);
      if (before !== meaning)
        faults.push({ at: `/controls/${id}/evidence/${metric}`, message: `The target ${threshold.target} means ${before} elsewhere, and ${meaning} here.` });
    }
  }
  return faults;
}

function findAmendmentFaults({ amendments }: Catalogue, { controls, sources }: Book): FieldError[] {
  return amendments.flatMap(({ id, source, controls: named }) => [
    ...(sources.has(source.sourceId) ? [] : [{ at: `/amendments/${id}/source`, message: `There is no source ${source.sourceId}.` }]),
    ...named.filter((one) => !controls.has(one)).map((one) => ({ at: `/amendments/${id}/controls`, message: `There is no measure ${one}.` })),
    ...listDoubles(named).map((one) => ({ at: `/amendments/${id}/controls`, message: `${one} is named twice.` })),
  ]);
}

function findChangeLogFaults({ changeLog, version, releasedOn }: Catalogue): FieldError[] {
  const [newest] = changeLog;
  const doubles = listDoubles(changeLog.map((entry) => entry.version)).map((one) => ({ at: '/changeLog', message: `${one} is there twice.` }));
  return newest?.version === version && newest.date === releasedOn
    ? doubles
    : [...doubles, { at: '/changeLog', message: `Its first entry must be about this release, ${version} of ${releasedOn}.` }];
}
