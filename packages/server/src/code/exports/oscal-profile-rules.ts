/** One service's selection: what binds it and what is addressed to it, with why. */
import type { Applicability, Outcome } from '../facts/schema.ts';
import { findLast, listed, makeCatalogResource, makeDocument, makeMetadata, makeProp, referTo } from './oscal-base-rules.ts';
import type { JsonObject, OscalInput } from './oscal-schema.ts';
import { toToken } from './text-rules.ts';

/** A duty, and what is meant for this service though nothing binds. Everything else is for later, for others, or not known. */
const SELECTED: ReadonlySet<Outcome> = new Set(['binds', 'addressed']);

export function isSelected(outcome: Outcome): boolean {
  return SELECTED.has(outcome);
}

export function makeProfile(input: OscalInput): string {
  const { applicability, said, catalogue, uuid } = input;
  const chosen = applicability.filter(({ outcome }) => isSelected(outcome));
  const ids = (found: readonly Applicability[]): JsonObject[] => [{ 'with-ids': found.map(({ control }) => toToken(control)) }];
  return makeDocument('profile', {
    uuid: uuid('profile'),
    metadata: makeMetadata(input, {
      title: `Measures of ${input.origin}`,
      lastModified: findLast([catalogue.releasedOn, ...said.map(({ saidAt }) => saidAt.toISOString())]),
      version: catalogue.version,
      remarks:
        'Decided by the answers that were given about the service. Controls that are not imported do not apply, do not apply yet, or nobody knows: the property outcome tells them apart in the register.',
    }),
    imports: [importFrom(input, ids(chosen), chosen.length)],
    merge: { 'as-is': true },
    ...(chosen.length === 0 ? {} : { modify: { alters: chosen.map(toAlter) } }),
    'back-matter': { resources: [makeCatalogResource(input)] },
  });
}

/** An import of nothing cannot be said; everything, without everything, can. */
function importFrom(input: OscalInput, chosen: JsonObject[], count: number): JsonObject {
  const href = referTo(input, 'catalog');
  if (count > 0) return { href, 'include-controls': chosen };
  const all = input.catalogue.groups.flatMap(({ controls }) => controls.map(({ id }) => toToken(id)));
  return { href, 'include-all': {}, ...listed('exclude-controls', all.length === 0 ? [] : [{ 'with-ids': all }]) };
}

function toAlter({ control, outcome, reason, from, decidedBy }: Applicability): JsonObject {
  return {
    'control-id': toToken(control),
    adds: [
      {
        position: 'ending',
        props: [
          makeProp('outcome', outcome, { remarks: reason }),
          ...(from === null ? [] : [makeProp('binds-from', from)]),
          ...decidedBy.map(({ fact, value }) => makeProp('decided-by', `${fact}: ${value}`)),
        ],
      },
    ],
  };
}
