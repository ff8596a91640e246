/** Assessments of the 21 capabilities: made, reviewed, published, disputed, answered. */
import type { AppContext } from '../../platform/context.ts';
import type { Sql } from '../../platform/db/database.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { newId } from '../../platform/ids.ts';
import { canReply, checkAssessment, listNextStates } from './assessment-rules.ts';
import { AssessmentInputSchema, type Assessment, type Capability, type CapabilityView, type Place, type ProfilesService } from './schema.ts';
import { insertAssessment, insertReply, insertState, listAssessments } from './store-assessments.ts';
import { lockProfiles } from './store.ts';

interface AssessmentsParts {
  readonly context: AppContext;
  readonly capabilities: readonly Capability[];
  /** @throws {GatehouseError} `not_found` */
  find(code: string): Place;
}

export interface Assessments extends Pick<ProfilesService, 'assess' | 'assessment' | 'assessments' | 'setAssessmentState' | 'reply'> {
  capabilities(code: string): Promise<readonly CapabilityView[]>;
}

export function createAssessments({ context, capabilities, find }: AssessmentsParts): Assessments {
  const { clock, database } = context;
  return {
    async capabilities(code) {
      const all = await listAssessments(database.sql, { country: code, isCurrent: true });
      return capabilities.map(({ n, title, wording, domain }) => {
        const own = all.filter(({ capability }) => capability === n);
        return { capability: n, title, wording, domain, assessment: own.find(isPublic) ?? null, pending: own.find((one) => !isPublic(one)) ?? null };
      });
    },
    assessment: (id) => findAssessment(database.sql, id),
    assessments: (code, capability) => listAssessments(database.sql, { country: find(code).code, capability }),
    async assess(given, actor) {
      const input = AssessmentInputSchema.parse(given);
      const country = find(input.country).code;
      const errors = checkAssessment(input);
      if (errors.length > 0)
        throw new GatehouseError(
          'invalid_request',
          `The assessment cannot be kept: ${errors.map(({ at, message }) => `${at} ${message}`).join('; ')}. Nothing was kept.`,
          { errors },
        );
      const { id } = await database.transact(async (tx) => {
        await lockProfiles(tx);
        const [before] = await listAssessments(tx, { country, capability: input.capability, isCurrent: true });
        const made = { ...input, country, id: newId('asm', clock), supersedes: before?.id ?? null, madeAt: clock.now(), madeBy: actor };
        await insertAssessment(tx, made);
        await insertState(tx, { id: made.id, state: 'draft', actor, at: made.madeAt });
        await context.events.emit('country.changed', { country, change: 'assessment', actor }, tx);
        return made;
      });
      return findAssessment(database.sql, id);
    },
    setAssessmentState: (id, state, actor) => setState(context, { id, state, actor }),
    async reply(id, reply, actor) {
      await database.transact(async (tx) => {
        await lockProfiles(tx);
        const { country, state } = await findAssessment(tx, id);
        if (!canReply(state))
          throw new GatehouseError(
            'conflict',
            `The assessment is ${state}: a reply can be given when it is reviewed, published or disputed. Nothing was kept.`,
          );
        await insertReply(tx, { id, ...reply, actor, at: clock.now() });
        await context.events.emit('country.changed', { country, change: 'reply', actor }, tx);
      });
    },
  };
}

/** Whoever publishes one takes the one before it off: two never stand beside each other. */
async function setState(
  { clock, database, events }: AppContext,
  { id, state, actor }: { readonly id: string; readonly state: Assessment['state']; readonly actor: string },
): Promise<void> {
  await database.transact(async (tx) => {
    await lockProfiles(tx);
    const { country, capability, state: now } = await findAssessment(tx, id);
    const next = listNextStates(now);
    if (!next.includes(state))
      throw new GatehouseError(
        'conflict',
        `The assessment is ${now}; ${next.length === 0 ? 'nothing follows on that' : `on that follows ${next.join(' or ')}`}. Nothing was changed.`,
      );
    const at = clock.now();
    if (state === 'published') {
      const others = (await listAssessments(tx, { country, capability, isCurrent: true })).filter((one) => one.id !== id && isPublic(one));
      for (const other of others) await insertState(tx, { id: other.id, state: 'superseded', actor, at });
    }
    await insertState(tx, { id, state, actor, at });
    await events.emit('country.changed', { country, change: `assessment_${state}`, actor }, tx);
  });
}

function isPublic({ state }: Assessment): boolean {
  return state === 'published' || state === 'disputed';
}

async function findAssessment(db: Sql, id: string): Promise<Assessment> {
  const [found] = await listAssessments(db, { id });
  if (found === undefined) throw new GatehouseError('not_found', 'There is no such assessment.');
  return found;
}
