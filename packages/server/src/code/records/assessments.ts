/** Risk assessments: drafts that grow step by step, and the signature that makes one a record and its levels facts. */
import type { AppContext } from '../../platform/context.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { newId } from '../../platform/ids.ts';
import type { CatalogueService } from '../catalogue/schema.ts';
import type { FactsService } from '../facts/schema.ts';
import { findMissing, toSignedBody, type DraftFrame } from './draft-rules.ts';
import { listKinds, recordKindOf, type Subject } from './kind-rules.ts';
import {
  AssessmentDraftSchema,
  type AssessedKind,
  type AssessmentDraft,
  type DraftInput,
  type RecordsService,
  type SignedRecord,
  type Signer,
} from './schema.ts';
import { signRecord } from './signing.ts';
import * as store from './store.ts';

type Assessments = Pick<
  RecordsService,
  'drafts' | 'draft' | 'saveDraft' | 'saveKind' | 'copyAssessment' | 'discardDraft' | 'findMissing' | 'kindsOf' | 'signAssessment'
>;

export interface AssessmentParts {
  readonly context: AppContext;
  readonly catalogue: Pick<CatalogueService, 'current'>;
  readonly facts: Pick<FactsService, 'set'>;
}

export function createAssessments(parts: AssessmentParts): Assessments {
  const { sql } = parts.context.database;
  const require = async (id: string): Promise<store.DraftRow> => (await store.findDraft(sql, id)) ?? refuseMissing();
  const saveDraft: Assessments['saveDraft'] = (id, draft, actor) => save(parts, { id, draft: () => draft, actor });
  return {
    drafts: () => store.listDrafts(sql),
    draft: require,
    saveDraft,
    saveKind: async (id, kind, actor) =>
      void (await save(parts, {
        id,
        actor,
        draft: (before) => ({ subject: before?.subject ?? 'illegal_content', kinds: putKind(before?.draft.kinds ?? [], kind) }),
      })),
    async copyAssessment(subject, actor) {
      const [inEffect] = await store.listRecords(sql, { kind: recordKindOf(subject) });
      const parsed = AssessmentDraftSchema.partial().safeParse(inEffect?.body);
      return saveDraft(undefined, { ...(parsed.success ? withoutUndefined(parsed.data) : {}), subject }, actor);
    },
    async discardDraft(id) {
      if (!(await store.deleteDraft(sql, id))) refuseMissing();
    },
    findMissing: async (id) => {
      const { subject, draft } = await require(id);
      return findMissing(toSignedBody(draft, kindsOf(parts, subject)), frameOf(parts, subject));
    },
    kindsOf: (subject) => kindsOf(parts, subject),
    signAssessment: (id, signer) => sign(parts, id, signer),
  };
}

function refuseMissing(): never {
  throw new GatehouseError('not_found', 'There is no draft with this id. It was signed or discarded.');
}

function withoutUndefined<T extends object>(value: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  // The values that are left are those that the type says.
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as { [Key in keyof T]: Exclude<T[Key], undefined> };
}

function kindsOf({ catalogue }: AssessmentParts, subject: Subject): ReturnType<Assessments['kindsOf']> {
  return listKinds(catalogue.current().catalogue.facts, subject);
}

function frameOf(parts: AssessmentParts, subject: Subject): DraftFrame {
  const current = parts.catalogue.current();
  return { kinds: kindsOf(parts, subject), hasControl: (id) => current.control(id) !== undefined, now: parts.context.clock.now() };
}

function putKind(kinds: readonly AssessedKind[], kind: AssessedKind): AssessedKind[] {
  return [...kinds.filter((one) => one.kind !== kind.kind), kind];
}

interface Saved {
  readonly id: string | undefined;
  /** Made of what stands there now; the draft is locked meanwhile. */
  draft(before: store.DraftRow | undefined): DraftInput;
  readonly actor: string;
}

/** Step by step: two people who work on different steps do not undo each other. */
async function save({ context }: AssessmentParts, { id, draft: make, actor }: Saved): Promise<string> {
  return context.database.transact(async (tx) => {
    const before = id === undefined ? undefined : ((await store.lockDraft(tx, id)) ?? refuseMissing());
    const given = make(before);
    const draft: Partial<AssessmentDraft> = withoutUndefined(given);
    if (before !== undefined && before.subject !== given.subject)
      throw new GatehouseError('conflict', 'This draft is about another subject. Nothing was changed.');
    const kept = { id: before?.id ?? newId('asm', context.clock), subject: given.subject, updatedAt: context.clock.now(), updatedBy: actor };
    await store.putDraft(tx, { ...kept, draft: { ...before?.draft, ...draft } });
    return kept.id;
  });
}

async function sign(parts: AssessmentParts, id: string, signer: Signer): Promise<SignedRecord<AssessmentDraft>> {
  const { context, facts } = parts;
  return context.database.transact(async (tx) => {
    // First the records, then the draft, in every signature: two of them do not wait for each other.
    await store.lockRecords(tx);
    const { subject, draft } = (await store.lockDraft(tx, id)) ?? refuseMissing();
    const frame = frameOf(parts, subject);
    const body = complete(draft, frame);
    const record = await signRecord(context, { kind: recordKindOf(subject), subject, body, reviewDay: body.review.nextReview, signer }, tx);
    const factOf = new Map(frame.kinds.map(({ kind, fact }) => [kind, fact]));
    const method = `Risk assessment ${record.id}, version ${record.version}, signed by ${signer.name}`;
    await facts.set(
      body.kinds.map(({ kind, level }) => ({ fact: factOf.get(kind) ?? kind, value: level, origin: 'assessment', saidBy: signer.id, method })),
      tx,
    );
    await store.deleteDraft(tx, id);
    return record;
  });
}

/** @throws {GatehouseError} `record_incomplete` */
function complete(draft: Partial<AssessmentDraft>, frame: DraftFrame): AssessmentDraft {
  const body = toSignedBody(draft, frame.kinds);
  const errors = findMissing(body, frame);
  const parsed = AssessmentDraftSchema.safeParse(body);
  if (errors.length === 0 && parsed.success) return parsed.data;
  const others = parsed.success ? [] : parsed.error.issues.map(({ path, message }) => ({ at: path.map(String).join('/'), message }));
  throw new GatehouseError('record_incomplete', 'Nothing was signed: the assessment is not complete. The draft is kept as it is.', {
    errors: errors.length > 0 ? errors : others,
  });
}
