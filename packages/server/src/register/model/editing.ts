/** Proposing, reviewing and publishing changes. Nobody publishes what they proposed; what was published is never changed. */
import { toCanonicalText } from '../../log/index.ts';
import type { AppContext } from '../../platform/context.ts';
import type { Tx } from '../../platform/db/database.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { newId } from '../../platform/ids.ts';
import { digestChange } from './digest.ts';
import { placeParts, type PlacedPart } from './edit-rules.ts';
import type { Change, KeptChange, ProposedPart, RegisterService } from './schema.ts';
import { foldChanges, subjectOf } from './state-rules.ts';
import * as store from './store.ts';

type Editing = Pick<RegisterService, 'propose' | 'proposeAll' | 'findFaults' | 'submit' | 'publish' | 'reject' | 'withdraw'>;

export const PARTS_MAX = 20_000;

export function createEditing(context: AppContext): Editing {
  const { database } = context;
  return {
    async propose(change, { actor, replaces }) {
      const { changes } = await proposeAll(context, { parts: [{ ref: 'change', change, replaces }], actor, isBatch: false });
      return only(changes);
    },
    proposeAll: (parts, actor) => proposeAll(context, { parts, actor, isBatch: true }),
    async findFaults(parts) {
      const state = foldChanges(await store.listPublished(database.sql));
      return placeParts(state, parts).flatMap(({ ref, fault }) => (fault === undefined ? [] : [{ ref, message: fault }]));
    },
    submit: (id, actor) => take(context, { id, step: 'submitted', actor, reason: null }),
    publish: (id, actor) => take(context, { id, step: 'published', actor, reason: null }),
    async reject(id, reason, actor) {
      await take(context, { id, step: 'rejected', actor, reason });
    },
    async withdraw(id, reason, actor) {
      const [first] = await store.findChanges(database.sql, id);
      if (first !== undefined && first.madeBy !== actor)
        throw new GatehouseError('forbidden', 'Only the one who proposed a change can withdraw it. Nothing was changed; a reviewer may reject it.');
      await take(context, { id, step: 'rejected', actor, reason });
    },
  };
}

interface Proposal {
  readonly parts: readonly ProposedPart[];
  readonly actor: string;
  readonly isBatch: boolean;
}

async function proposeAll(
  context: AppContext,
  { parts, actor, isBatch }: Proposal,
): Promise<{ readonly batch: string; readonly changes: readonly KeptChange[] }> {
  if (parts.length === 0) throw new GatehouseError('invalid_request', 'There is nothing to propose. Nothing was kept.');
  if (parts.length > PARTS_MAX) throw new GatehouseError('too_large', `At most ${PARTS_MAX} changes at once. Nothing was kept.`);
  const { clock, database } = context;
  const batch = newId('imp', clock);
  const changes = await database.transact(async (tx) => {
    await store.lockChanges(tx);
    const placed = placeParts(foldChanges(await store.listPublished(tx)), parts);
    refuseFaults(placed);
    const ids = new Map(parts.map(({ ref }) => [ref, newId('chg', clock)]));
    const kept: KeptChange[] = [];
    for (const [index, { ref, change }] of parts.entries()) {
      const replaces = placed[index]?.replaces ?? null;
      const given = {
        id: ids.get(ref) ?? newId('chg', clock),
        change: withIds(change, ids),
        replaces: replaces === null ? null : (ids.get(replaces) ?? replaces),
      };
      kept.push(await keepChange(context, { ...given, batch: isBatch ? batch : null, madeBy: actor }, tx));
    }
    return kept;
  });
  return { batch, changes };
}

function refuseFaults(placed: readonly PlacedPart[]): void {
  const errors = placed.flatMap(({ ref, fault }) => (fault === undefined ? [] : [{ at: ref, message: fault }]));
  const [first] = errors;
  if (first === undefined) return;
  const more = errors.length === 1 ? '' : ` (${errors.length - 1} more like it)`;
  throw new GatehouseError('invalid_request', `The change does not fit the register. ${first.message}${more} Nothing was kept.`, { errors });
}

/** The action of a milestone may be one of the parts before it. */
function withIds(change: Change, ids: ReadonlyMap<string, string>): Change {
  if (change.kind !== 'milestone') return change;
  return { ...change, body: { ...change.body, action: ids.get(change.body.action) ?? change.body.action } };
}

export interface NewKeptChange extends Pick<KeptChange, 'id' | 'change' | 'replaces' | 'batch' | 'madeBy'> {}

/** Keeps it and tells the log, except of what comes with Gatehouse: that is an entry when it is published, in the same transaction. */
export async function keepChange({ clock, events }: Pick<AppContext, 'clock' | 'events'>, given: NewKeptChange, tx: Tx): Promise<KeptChange> {
  const { id, change, replaces, madeBy } = given;
  const madeAt = clock.now();
  const subject = subjectOf(change);
  const digest = digestChange({ id, change, replaces, madeBy, madeAt });
  await store.insertChange(tx, { ...given, kind: change.kind, subject, body: toCanonicalText(change), madeAt, digest });
  if (madeBy !== SEED_ACTOR) await events.emit('register.changed', { changeId: id, change: 'proposed', digest, actor: madeBy }, tx);
  return { ...given, subject, madeAt, digest, state: 'draft', reviewedBy: null, publishedAt: null, reason: null };
}

export const SEED_ACTOR = 'seed';

interface Step {
  /** Of a change, or of a batch. */
  readonly id: string;
  readonly step: 'submitted' | 'published' | 'rejected';
  readonly actor: string;
  readonly reason: string | null;
}

/** @returns the first change, as it is afterwards */
async function take(context: AppContext, step: Step): Promise<KeptChange> {
  return context.database.transact(async (tx) => {
    await store.lockChanges(tx);
    const found = await store.findChanges(tx, step.id);
    if (found.length === 0) throw new GatehouseError('not_found', `There is no change ${step.id}.`);
    for (const change of found) refuseState(change, step);
    if (found.some(({ batch }) => batch !== null && batch !== step.id))
      throw new GatehouseError('conflict', `The change came with the import ${found[0]?.batch ?? ''}, and is decided together with it. Nothing was changed.`);
    if (step.step === 'published') await refuseOutdated(tx, found);
    for (const change of found) await insertStep(context, { change, step }, tx);
    return only(await store.findChanges(tx, step.id));
  });
}

function refuseState({ id, state, madeBy }: KeptChange, { step, actor }: Step): void {
  const wanted = { submitted: ['draft'], published: ['in_review'], rejected: ['draft', 'in_review'] }[step];
  if (!wanted.includes(state)) throw new GatehouseError('conflict', `The change ${id} is ${STATE_WORDS[state]}, so it cannot be ${step}. Nothing was changed.`);
  if (step === 'published' && madeBy === actor)
    throw new GatehouseError('conflict', 'A change is published by somebody else than the one who proposed it. Nothing was changed; ask another reviewer.');
}

const STATE_WORDS: Readonly<Record<KeptChange['state'], string>> = {
  draft: 'a draft that was not submitted',
  in_review: 'in review',
  published: 'published already',
  rejected: 'rejected',
};

/** Something else may have been published since it was proposed. */
async function refuseOutdated(tx: Tx, changes: readonly KeptChange[]): Promise<void> {
  const parts = changes.map(({ id, change, replaces }) => ({ ref: id, change, replaces: replaces ?? undefined }));
  const placed = placeParts(foldChanges(await store.listPublished(tx)), parts);
  for (const [index, { fault, replaces }] of placed.entries()) {
    const change = changes[index];
    if (fault !== undefined)
      throw new GatehouseError('conflict', `The change ${change?.id ?? ''} no longer fits the register: ${fault} Nothing was published.`);
    if (replaces !== change?.replaces)
      throw new GatehouseError(
        'conflict',
        `Something else was published in the place of what ${change?.id ?? ''} replaces. Nothing was published; propose it again.`,
      );
  }
}

async function insertStep(
  { clock, events }: AppContext,
  { change: { id, digest }, step }: { readonly change: KeptChange; readonly step: Step },
  tx: Tx,
): Promise<void> {
  const { actor, reason } = step;
  await store.insertStep(tx, { changeId: id, step: step.step, madeBy: actor, madeAt: clock.now(), reason });
  await events.emit('register.changed', { changeId: id, change: step.step, digest, actor }, tx);
}

function only(changes: readonly KeptChange[]): KeptChange {
  const [first] = changes;
  if (first === undefined) throw new Error('a change was kept and not found again');
  return first;
}
