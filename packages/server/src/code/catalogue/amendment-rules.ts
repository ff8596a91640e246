/** What a change of the law, of a code or of the catalogue is to this service: before and after, measure by measure. Pure. */
import type { Applicability, Outcome } from '../facts/schema.ts';
import type { AmendmentView, CatalogueDifference, MeasureChange } from './release-schema.ts';
import type { Amendment, Catalogue } from './schema.ts';

/** What is decided about the measures of a catalogue, by their ids. */
export type Decided = ReadonlyMap<string, Applicability>;

export interface Sides {
  readonly before: Decided;
  readonly after: Decided;
}

type Change = MeasureChange['change'];

export function describeAmendment(amendment: Amendment, catalogue: Catalogue, sides: Sides): AmendmentView {
  const { id, date, title, summary, verify, source } = amendment;
  const from = catalogue.sources.find((one) => one.id === source.sourceId);
  const measures = amendment.controls.map((control) => toMeasure(control, catalogue, { ...sides, members: [] }));
  return {
    id,
    kind: 'amendment',
    date,
    title,
    summary,
    source: { id: source.sourceId, title: from?.title ?? source.sourceId, section: source.section, date: source.date, url: from?.url ?? null },
    verify,
    ...conclude(measures),
    measures,
  };
}

/** @param catalogues the older and the newer release */
export function describeRelease(difference: CatalogueDifference, catalogues: readonly [Catalogue, Catalogue], sides: Sides): AmendmentView {
  const [older, newer] = catalogues;
  const measures = difference.controls.map(({ id, change, members }) =>
    toMeasure(id, change === 'removed' ? older : newer, { ...sides, members: change === 'changed' ? members.map(({ member }) => member) : [] }),
  );
  const count = (change: string): number => difference.controls.filter((one) => one.change === change).length;
  const told = newer.changeLog.find(({ version }) => version === newer.version)?.changes.filter(({ control }) => control === null) ?? [];
  return {
    id: `release-${newer.version}`,
    kind: 'release',
    date: newer.releasedOn,
    title: `Release ${newer.version} of the catalogue`,
    summary: [
      `Against ${older.version}: ${count('added')} added, ${count('changed')} changed, ${count('removed')} removed.`,
      ...told.map(({ what }) => what),
    ].join(' '),
    source: null,
    verify: measures.some(({ control }) => findControl(newer, control)?.verify === true),
    ...conclude(measures),
    measures,
  };
}

function findControl({ groups }: Catalogue, id: string): Catalogue['groups'][number]['controls'][number] | undefined {
  return groups.flatMap(({ controls }) => controls).find((control) => control.id === id);
}

function toMeasure(id: string, catalogue: Catalogue, { before, after, members }: Sides & Pick<MeasureChange, 'members'>): MeasureChange {
  const is = after.get(id);
  const outcomes = { before: before.get(id)?.outcome ?? null, after: is?.outcome ?? null };
  const { ref, title } = findControl(catalogue, id) ?? { ref: id, title: id };
  return { control: id, ref, title, change: toChange(outcomes), ...outcomes, ...tellWhy(is, catalogue), members };
}

function tellWhy(is: Applicability | undefined, { facts }: Catalogue): Pick<MeasureChange, 'reason' | 'missing'> {
  if (is === undefined) return { reason: 'It is no longer in the catalogue.', missing: [] };
  const questions = new Map(facts.map((fact) => [fact.id, fact.question]));
  return { reason: is.reason, missing: is.missing.map((fact) => questions.get(fact) ?? fact) };
}

function toChange({ before, after }: { readonly before: Outcome | null; readonly after: Outcome | null }): Change {
  if (after === 'undecided') return 'undecided';
  const isOut = (outcome: Outcome | null): boolean => outcome === null || outcome === 'not_asked';
  if (isOut(after)) return isOut(before) || before === 'undecided' ? 'none' : 'ends';
  if (before === after) return 'goes_on';
  return after === 'will_bind' ? 'will_begin' : 'begins';
}

const SAID: readonly { readonly change: Change; readonly one: string; readonly many: string }[] = [
  { change: 'begins', one: 'begins', many: 'begin' },
  { change: 'will_begin', one: 'will begin', many: 'will begin' },
  { change: 'ends', one: 'ends', many: 'end' },
  {
    change: 'goes_on',
    one: 'is for this service before and after: compare what it asks',
    many: 'are for this service before and after: compare what they ask',
  },
];
const NAMED_MAX = 4;

function conclude(measures: readonly MeasureChange[]): Pick<AmendmentView, 'concerns' | 'why'> {
  const of = (change: Change): MeasureChange[] => measures.filter((one) => one.change === change);
  const said = SAID.flatMap(({ change, one, many }) => {
    const found = of(change);
    return found.length === 0 ? [] : [`${name(found.map(({ ref }) => ref))} ${found.length === 1 ? one : many}.`];
  });
  const open = of('undecided');
  const questions = [...new Set(open.flatMap(({ missing }) => missing))];
  const unsaid =
    open.length === 0
      ? []
      : [
          `${name(open.map(({ ref }) => ref))} cannot be decided: ${questions.length === 0 ? 'the text is not final' : `not answered is ${name(questions.map((one) => `“${one}”`))}`}.`,
        ];
  if (said.length > 0) return { concerns: 'yes', why: [...said, ...unsaid].join(' ') };
  if (open.length > 0) return { concerns: 'undecided', why: unsaid.join(' ') };
  const [first] = measures;
  return { concerns: 'no', why: first === undefined ? 'No measure differs.' : `None of its measures is for this service. ${first.ref}: ${first.reason}` };
}

function name(items: readonly string[]): string {
  const shown = items.slice(0, NAMED_MAX);
  const rest = items.length - shown.length;
  return rest === 0 ? shown.join(', ') : `${shown.join(', ')} and ${rest} more`;
}
