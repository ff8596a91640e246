/**
 * What must happen next with a report: police first, then hotline, network, host, registrar, regulator (behind a delivery network that one first),
 * with reminders on working days, until there is an outcome (international-and-register.md, sections 3.1 and 3.4).
 */
import type { Scope } from '../hosting/schema.ts';
import { addWorkingDays, skipBlocked } from './calendar-rules.ts';
import type { LadderContact, LadderStep, Past, Situation } from './ladder-schema.ts';

/** The answers are not interchangeable: a host can delete the item, a network take the host down, a registrar suspend the name. */
export const RUNGS: readonly Scope[] = ['cdn', 'hotline', 'network', 'host', 'registrar', 'regulator'];

type StepDraft = Partial<Omit<LadderStep, 'kind' | 'reason'>>;

/** What waits for a person has no time. */
export function decideNext(situation: Situation): LadderStep {
  if (situation.isClosed) return rest('closed');
  if (situation.placedAt === null) return rest('not traced yet', { waitsFor: 'trace' });
  const open = findOpen(situation);
  if (open !== undefined) return open;
  return situation.canSend ? climb(situation) : handOver(situation);
}

/** Something that was begun and is not finished: nothing else happens before it is. */
function findOpen(situation: Situation): LadderStep | undefined {
  const { history } = situation;
  if (history.some(({ state }) => state === 'unknown' || state === 'queued')) return rest('it may have been sent: a person must look', { waitsFor: 'unknown' });
  if (history.some(({ isReplyWaiting }) => isReplyWaiting)) return rest('a reply waits to be read', { waitsFor: 'reply' });
  const pending = history.findLast(({ state }) => state === 'draft' || state === 'approved');
  if (pending === undefined || pending.state === 'approved') return pending === undefined ? undefined : goThrough(situation, pending);
  const { noticeId, contactId, scope, isByHand } = pending;
  const reason = isByHand ? 'a sheet waits to be handed over' : 'a draft waits to be read';
  return rest(reason, { scope, contactId, noticeId, waitsFor: isByHand ? 'hand' : 'draft' });
}

/** What a person approved, unless it may not be said any more: the contact was refused since, the rule on the police is another one. */
function goThrough(situation: Situation, { noticeId, contactId, scope, sequence, dueAt }: Past): LadderStep {
  const { now, calendar, canSend, contacts } = situation;
  const contact = contacts.find(({ id }) => id === contactId);
  if (!canSend || contact?.decision !== 'approved')
    return rest('its recipient may not be told any more: withdraw the notice', { scope, contactId, noticeId, waitsFor: 'contact' });
  const gate = scope === 'police' ? undefined : passPolice(situation);
  if (gate !== undefined && 'step' in gate) return gate.step;
  const at = skipBlocked(latest(dueAt, now), calendar);
  return step(sequence === 1 ? 'notify' : 'remind', 'approved', { scope, contactId, noticeId, sequence, at, way: 'mail' });
}

function handOver({ history, contacts, now, startAt, calendar, ladder }: Situation): LadderStep {
  const handed = history.findLast((past) => isHandedOver(past) && (past.isByHand || !isDead(history, past.contactId)));
  if (handed !== undefined && handed.sentAt !== null)
    return step('close_no_answer', 'handed over, and no outcome', { at: addWorkingDays(handed.sentAt, ladder.handedCloseAfterDays, calendar) });
  const contact = contacts.find(({ scope }) => scope === 'hotline');
  return step('hand_to_hotline', 'nobody here can send a notice about it', {
    scope: 'hotline',
    contactId: contact?.id ?? null,
    at: skipBlocked(latest(startAt, now), calendar),
  });
}

function isHandedOver({ format, scope, sentAt, state }: Past): boolean {
  return format === 'handover' && scope === 'hotline' && sentAt !== null && state !== 'failed';
}

function climb(situation: Situation): LadderStep {
  const gate = passPolice(situation);
  if ('step' in gate) return gate.step;
  const rungs = findRungs(situation);
  const told = rungs.map((rung) => findSent(situation.history, rung.id));
  const last = told.findLastIndex(({ length }) => length > 0);
  const current = rungs[last];
  if (current === undefined) {
    const [first] = rungs;
    if (first === undefined) return handOver(situation);
    return tell(situation, first, { kind: isAnyoneTold(situation) ? 'escalate' : 'notify', at: gate.from, reason: 'the first who can act' });
  }
  return goOn(situation, { current, sent: told[last] ?? [], next: rungs[last + 1] });
}

interface Rung {
  readonly current: LadderContact;
  readonly sent: readonly Past[];
  readonly next: LadderContact | undefined;
}

function goOn(situation: Situation, { current, sent, next }: Rung): LadderStep {
  const { calendar, ladder, now } = situation;
  const first = sent[0]?.sentAt ?? now;
  const previous = sent.at(-1)?.sentAt ?? now;
  // A long pause of the machine does not become a burst.
  const after = (days: number): Date => latest(addWorkingDays(first, days, calendar), addWorkingDays(previous, 1, calendar));
  const remindAfter = ladder.remindAfterDays[sent.length - 1];
  if (remindAfter !== undefined && current.hasEmail) {
    const at = skipBlocked(latest(after(remindAfter), now), calendar);
    return step('remind', `no answer to ${sent.length}`, { scope: current.scope, contactId: current.id, sequence: sent.length + 1, at, way: 'mail' });
  }
  if (next === undefined) return step('close_no_answer', 'everybody was told, and nobody answered', { at: after(ladder.closeAfterDays) });
  return tell(situation, next, { kind: 'escalate', at: after(ladder.escalateAfterDays), reason: `no answer of ${current.scope}` });
}

interface Telling {
  readonly kind: 'notify' | 'escalate' | 'tell_police';
  readonly at: Date;
  readonly reason: string;
}

/** By mail to those whom a person approved; a form is filled in by a person, who approves by doing so. */
function tell({ now, calendar }: Situation, contact: LadderContact, { kind, at, reason }: Telling): LadderStep {
  const { id: contactId, scope, hasEmail, decision } = contact;
  const when = skipBlocked(latest(at, now), calendar);
  if (!hasEmail) return step(kind, reason, { scope, contactId, at: when, way: 'hand' });
  if (decision !== 'approved')
    return step('approve_contact', 'nobody has approved this contact yet', { scope, contactId, at: latest(at, now), waitsFor: 'contact' });
  return step(kind, reason, { scope, contactId, at: when, way: 'mail' });
}

type Gate = { readonly step: LadderStep } | { readonly from: Date };

/** Until the police agreed nobody else is told. Silence is consent only where somebody configured it, and never where the rule is unknown. */
function passPolice(situation: Situation): Gate {
  const { policeFirst, policeAgreedAt, country, startAt: start } = situation;
  // A delivery network of which no country is known: whoever declared that it may be told, said so knowing that (AuthoritySchema).
  if (policeFirst === 'no' || country === null) return { from: start };
  if (policeAgreedAt !== null) return { from: latest(start, policeAgreedAt) };
  const told = findPoliceTold(situation.history);
  const contact = situation.contacts.find(({ scope, decision, id }) => scope === 'police' && decision !== 'refused' && !isDead(situation.history, id));
  if (told === null && contact !== undefined) return { step: tell(situation, contact, { kind: 'tell_police', at: start, reason: 'police first' }) };
  return waitForPolice(situation, { told, limit: policeFirst === 'yes' ? situation.ladder.policeLimitDays[country] : undefined });
}

function waitForPolice({ calendar, now, startAt }: Situation, { told, limit }: { readonly told: Date | null; readonly limit: number | undefined }): Gate {
  const wait = (reason: string, at: Date | null = null): Gate => ({ step: step('wait_for_police', reason, { scope: 'police', at, waitsFor: 'police' }) });
  if (told === null || limit === undefined) return wait(told === null ? 'nobody knows how to reach the police' : 'the police have not agreed yet');
  const from = addWorkingDays(told, limit, calendar);
  return from > now ? wait('until the limit of this country', from) : { from: latest(startAt, from) };
}

function findPoliceTold(history: readonly Past[]): Date | null {
  return history.find(({ scope, sentAt, state }) => scope === 'police' && sentAt !== null && state !== 'failed')?.sentAt ?? null;
}

/** One of each scope: whoever was told stays; otherwise an approved one, otherwise the first. */
export function findRungs({ contacts, history }: Pick<Situation, 'contacts' | 'history'>): LadderContact[] {
  return RUNGS.flatMap((scope) => {
    const usable = contacts.filter((contact) => contact.scope === scope && isUsable(contact) && !isDead(history, contact.id));
    const told = usable.find(({ id }) => findSent(history, id).length > 0);
    const chosen = told ?? usable.find(({ decision }) => decision === 'approved') ?? usable[0];
    return chosen === undefined ? [] : [chosen];
  });
}

function isUsable({ decision, hasProblem, hasEmail, hasForm }: LadderContact): boolean {
  return decision !== 'refused' && (!hasProblem || decision === 'approved') && (hasEmail || hasForm);
}

/** It was refused for good, or came back. */
function isDead(history: readonly Past[], contactId: string): boolean {
  return history.some((past) => past.contactId === contactId && past.state === 'failed');
}

function findSent(history: readonly Past[], contactId: string): Past[] {
  return history.filter((past) => past.contactId === contactId && past.sentAt !== null && past.state !== 'failed');
}

function isAnyoneTold({ history }: Situation): boolean {
  return history.some(({ scope, sentAt }) => scope !== 'police' && sentAt !== null);
}

const NOTHING = { scope: null, at: null, contactId: null, sequence: 1, noticeId: null, way: 'hand', waitsFor: null } as const;

function step(kind: LadderStep['kind'], reason: string, draft: StepDraft): LadderStep {
  return { ...NOTHING, ...draft, kind, reason };
}

function rest(reason: string, draft: StepDraft = {}): LadderStep {
  return step('nothing', reason, draft);
}

function latest(a: Date | null, b: Date): Date {
  return a !== null && a > b ? a : b;
}
