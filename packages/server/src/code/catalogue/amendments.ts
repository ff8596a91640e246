/** What changes for this service, and why: amendments of the law and the codes, and releases of the catalogue. */
import type { Clock } from '../../platform/clock.ts';
import { decideApplicability } from '../facts/applicability-rules.ts';
import { compileModel } from '../facts/condition-rules.ts';
import type { FactsService } from '../facts/schema.ts';
import { describeAmendment, describeRelease, type Decided } from './amendment-rules.ts';
import { compareCatalogues, compareVersions } from './compare-rules.ts';
import type { AmendmentsService, AmendmentView } from './release-schema.ts';
import type { Catalogue, CatalogueService } from './schema.ts';

export interface AmendmentsParts {
  readonly context: { readonly clock: Clock };
  readonly catalogue: CatalogueService;
  readonly facts: FactsService;
}

/** Older releases than these are read by comparing them by name. */
const RELEASES_MAX = 10;

export function createAmendmentsService({ context, catalogue, facts }: AmendmentsParts): AmendmentsService {
  return {
    async list() {
      const { catalogue: current } = catalogue.current();
      const decide = await openDecider(facts);
      const amendments = current.amendments.map((amendment) => {
        // What lasts until a day is still there on it: a day on either side shows both.
        const sides = { before: moveDay(amendment.date, -1), after: moveDay(amendment.date, 1) };
        return describeAmendment(amendment, current, {
          before: decide(current, { day: sides.before, controls: amendment.controls }),
          after: decide(current, { day: sides.after, controls: amendment.controls }),
        });
      });
      const day = toDay(context.clock.now());
      const releases = (await listReleasesUpTo(catalogue)).map((pair): AmendmentView => {
        const [older, newer] = pair;
        const difference = compareCatalogues(older, newer);
        const controls = difference.controls.map(({ id }) => id);
        return describeRelease(difference, pair, { before: decide(older, { day, controls }), after: decide(newer, { day, controls }) });
      });
      return [...releases, ...amendments].toSorted((a, b) => b.date.localeCompare(a.date));
    },
  };
}

/** Only these measures are decided: all of them on the days of all amendments would hold up the process for half a second. */
type Decider = (catalogue: Catalogue, asked: { readonly day: string; readonly controls: readonly string[] }) => Decided;

/** With the answers of now, whatever the day: the question is what the change is to this service. */
async function openDecider(facts: FactsService): Promise<Decider> {
  const { values, said } = await facts.read();
  const saidBy = new Map(said.map((one) => [one.fact, one]));
  const models = new Map<Catalogue, ReturnType<typeof compileModel>>();
  return (catalogue, { day, controls }) => {
    const model = models.get(catalogue) ?? compileModel(catalogue);
    models.set(catalogue, model);
    const asked = new Set(controls);
    const groups = catalogue.groups.map((group) => ({ ...group, controls: group.controls.filter(({ id }) => asked.has(id)) }));
    return new Map(decideApplicability({ catalogue: { facts: catalogue.facts, groups }, model, values, said: saidBy, day }).map((one) => [one.control, one]));
  };
}

/** Each release with the one before it, the one in use last. */
async function listReleasesUpTo(catalogue: CatalogueService): Promise<(readonly [Catalogue, Catalogue])[]> {
  const { version } = catalogue.current().catalogue;
  const versions = [...new Set((await catalogue.releases()).map((release) => release.version))]
    .filter((one) => compareVersions(one, version) <= 0)
    .toSorted(compareVersions)
    .slice(-RELEASES_MAX);
  const releases: Catalogue[] = [];
  for (const one of versions) releases.push((await catalogue.release(one)).catalogue);
  return releases.slice(1).map((newer, index) => [releases[index] ?? newer, newer] as const);
}

function toDay(at: Date): string {
  return at.toISOString().slice(0, 10);
}

function moveDay(day: string, days: number): string {
  const at = new Date(`${day}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + days);
  return toDay(at);
}
