/** What the records show, as figures. A record that is not there is no figure: nobody said anything, and nothing can be concluded. */
import type { EvidenceReading, EvidenceRow } from '../../platform/evidence.ts';
import { toDay } from './kind-rules.ts';
import type { Appointment, Change, Policy, PrunedVersion, Registration, ReviewRecord, SignedRecord, Training } from './schema.ts';

const DAY_MS = 86_400_000;

const ageDays = (from: Date, now: Date): number => Math.max(0, Math.floor((now.getTime() - from.getTime()) / DAY_MS));
const startOf = (day: string): Date => new Date(`${day}T00:00:00Z`);
/** `signed by Ada Example on 2026-11-25` */
const signed = ({ signedName, signedAt }: SignedRecord): string => `signed by ${signedName} on ${toDay(signedAt)}`;
const isInDate = ({ reviewDue }: SignedRecord, now: Date): boolean => reviewDue === null || reviewDue.getTime() >= now.getTime();
const none = (finding: string): EvidenceReading => ({ figure: null, finding });

export interface Needed {
  /** Measures of a code that bind the service, by id. */
  readonly controls: readonly string[];
  readonly undecided: number;
  readonly hasChildren: boolean;
}

/** OSA s.23(2)-(4): the assessments, and for each measure of a code that binds either the measure or an alternative to it. */
export function readComplete(records: readonly SignedRecord[], { controls, undecided, hasChildren }: Needed): EvidenceReading {
  const open = undecided === 0 ? '' : ` For ${undecided} measures it is not decided whether they bind.`;
  if (controls.length === 0 && undecided > 0) return none(`It is not known yet which measures must be recorded.${open}`);
  const has = (kind: SignedRecord['kind'], subject: string): boolean => records.some((record) => record.kind === kind && record.subject === subject);
  const assessments = [has('assessment_illegal', 'illegal_content'), ...(hasChildren ? [has('assessment_children', 'children')] : [])];
  const measures = controls.filter((id) => has('measure', id)).length;
  const alternatives = controls.filter((id) => !has('measure', id) && has('alternative', id)).length;
  const assessed = assessments.filter(Boolean).length;
  const numerator = assessed + measures + alternatives;
  const denominator = assessments.length + controls.length;
  return {
    figure: numerator / denominator,
    numerator,
    denominator,
    finding: `${numerator} of ${denominator} records that must be kept are signed: ${assessed} of ${assessments.length} risk assessments, ${measures} measures and ${alternatives} alternatives for ${controls.length} measures that bind.${open}`,
    rows: [
      { label: 'Risk assessments', figure: assessed },
      { label: 'Measures in effect', figure: measures },
      { label: 'Alternatives', figure: alternatives },
      { label: 'Without a record', figure: denominator - numerator },
    ],
  };
}

/** RKRG 2.6. Versions are numbered without gaps: one that is neither there nor known as deleted in time is missing. */
export function readKept(all: readonly SignedRecord[], pruned: readonly PrunedVersion[], isIntact: (record: SignedRecord) => boolean): EvidenceReading {
  const last = new Map<string, number>();
  const keyOf = ({ kind, subject }: Pick<PrunedVersion, 'kind' | 'subject'>): string => `${kind}\n${subject}`;
  for (const one of [...all, ...pruned]) last.set(keyOf(one), Math.max(last.get(keyOf(one)) ?? 0, one.version));
  const numbers = [...last.values()].reduce((sum, version) => sum + version, 0);
  const superseded = all.filter(({ supersededAt }) => supersededAt !== null);
  const missing = numbers - all.length - pruned.length;
  const kept = superseded.filter(isIntact).length;
  const denominator = superseded.length + missing;
  if (denominator === 0) return none('No record was superseded yet.');
  return {
    figure: kept / denominator,
    numerator: kept,
    denominator,
    finding: `Of ${denominator} superseded or withdrawn records that must still be kept ${kept} are there and unchanged, ${missing} are missing, ${superseded.length - kept} were changed.`,
  };
}

export function readAssessmentAge(records: readonly SignedRecord[], hasChildren: boolean, now: Date): EvidenceReading {
  const needed = [
    { kind: 'assessment_illegal', title: 'illegal content' } as const,
    ...(hasChildren ? [{ kind: 'assessment_children', title: 'children' } as const] : []),
  ];
  const found = needed.map(({ kind, title }) => ({ title, record: records.find((record) => record.kind === kind) }));
  const rows: EvidenceRow[] = [];
  const said: string[] = [];
  for (const { title, record } of found) {
    if (record === undefined) return none(`No risk assessment of ${title} was signed.`);
    rows.push({ label: title, figure: ageDays(record.signedAt, now) });
    said.push(`${title}: version ${record.version}, ${signed(record)}`);
  }
  return { figure: Math.max(...rows.map(({ figure }) => figure)), finding: `The oldest risk assessment counts. ${said.join('; ')}.`, rows };
}

const YEAR_DAYS = 365;

/** An empty register says nothing: either nothing changed, or nobody wrote it down. A change, or a review of changes, of the last year makes it speak. */
export function readUnassessedChanges(records: readonly SignedRecord[], { from, to }: { readonly from: Date; readonly to: Date }): EvidenceReading {
  const changes = bodiesOf<Change>(records, 'change');
  const looked = records.find(({ kind, subject }) => kind === 'review' && subject === 'changes');
  const isKept = [...changes.map(({ record }) => record), ...(looked === undefined ? [] : [looked])].some(({ signedAt }) => ageDays(signedAt, to) <= YEAR_DAYS);
  if (!isKept) return none('No significant change and no review of changes was recorded in the last year.');
  const inWindow = changes.filter(({ body: { changesOn } }) => startOf(changesOn) >= startOf(toDay(from)) && startOf(changesOn) < to);
  const unassessed = inWindow.filter(({ body: { assessedOn, changesOn } }) => assessedOn === null || assessedOn > changesOn);
  return {
    figure: unassessed.length,
    numerator: unassessed.length,
    denominator: inWindow.length,
    finding: `${unassessed.length} of ${inWindow.length} significant changes took effect without an assessment before.${looked === undefined ? '' : ` Changes were last reviewed: ${signed(looked)}.`}`,
    rows: unassessed.map(({ body: { name, changesOn } }) => ({ label: `${name} (${changesOn})`, figure: 1 })),
  };
}

export function readReviewAge(records: readonly SignedRecord[], review: ReviewRecord['review'], now: Date): EvidenceReading {
  const [found] = bodiesOf<ReviewRecord>(records, 'review').filter(({ body }) => body.review === review);
  if (found === undefined) return none(review === 'board' ? 'No review by the board was recorded.' : 'No review of the internal assurance was recorded.');
  const { body, record } = found;
  return { figure: ageDays(startOf(body.heldOn), now), finding: `Held on ${body.heldOn} by ${body.by}; ${signed(record)}.` };
}

export function readAccountable(records: readonly SignedRecord[], now: Date): EvidenceReading {
  const people = bodiesOf<Appointment>(records, 'appointment').filter(({ body: { role } }) => role.startsWith('accountable_person'));
  if (!people.some(({ body: { role } }) => role === 'accountable_person')) return none('Nobody was recorded as accountable.');
  return {
    figure: people.every((one) => isAccepted(one, now)),
    finding: people.map((one) => describePerson(one, now)).join(' '),
  };
}

function isAccepted({ body: { acceptedOn }, record }: Found<Appointment>, now: Date): boolean {
  return acceptedOn !== null && acceptedOn <= toDay(now) && isInDate(record, now);
}

function describePerson({ body: { role, person, acceptedOn, reviewBy }, record }: Found<Appointment>, now: Date): string {
  const accepted = acceptedOn === null ? 'has not accepted' : `accepted on ${acceptedOn}`;
  return `${role.replaceAll('_', ' ')}: ${person}, ${accepted}, to be reviewed by ${reviewBy}${isInDate(record, now) ? '' : ' (past)'}; ${signed(record)}.`;
}

export function readPolicies(records: readonly SignedRecord[], now: Date): EvidenceReading {
  const policies = bodiesOf<Policy>(records, 'policy');
  if (policies.length === 0) return none('No policy was recorded.');
  const isCurrent = ({ body, record }: Found<Policy>): boolean => body.inForceFrom <= toDay(now) && isInDate(record, now);
  const late = policies.filter((policy) => !isCurrent(policy));
  return {
    figure: late.length === 0,
    numerator: policies.length - late.length,
    denominator: policies.length,
    finding: `${policies.length - late.length} of ${policies.length} policies are in force and within their review date: ${policies.map(({ body: { name, version }, record }) => `${name} ${version} (${signed(record)})`).join(', ')}.`,
    rows: policies.map((policy) => ({
      label: `${policy.body.name} ${policy.body.version}, review by ${policy.body.reviewBy}`,
      figure: isCurrent(policy) ? 1 : 0,
    })),
  };
}

export function readTraining(records: readonly SignedRecord[], now: Date): EvidenceReading {
  const groups = bodiesOf<Training>(records, 'training').map(({ body, record }) => ({ body, record, current: isInDate(record, now) ? body.current : 0 }));
  if (groups.length === 0) return none('No training was recorded.');
  const numerator = groups.reduce((sum, { current }) => sum + current, 0);
  const denominator = groups.reduce((sum, { body }) => sum + body.due, 0);
  return {
    figure: numerator / denominator,
    numerator,
    denominator,
    finding: `${numerator} of ${denominator} people who need training have it and it is not out of date: ${groups.map(({ body, record }) => `${body.group} (${signed(record)})`).join(', ')}.`,
    rows: groups.map(({ body, current }) => ({ label: `${body.group}: share`, figure: current / body.due })),
  };
}

/** SI 2026/268 regs 4 and 5: registered, tested, with an administrator and a replacement who is somebody else. */
export function readRegistration(records: readonly SignedRecord[], now: Date): EvidenceReading {
  const registrations = bodiesOf<Registration>(records, 'registration');
  const people = bodiesOf<Appointment>(records, 'appointment').filter(({ body: { role } }) => role.startsWith('reporting_'));
  if (registrations.length === 0) return none('No registration with a reporting authority was recorded.');
  const accepted = people.filter((one) => isAccepted(one, now));
  const names = new Set(accepted.map(({ body: { person } }) => person.toLowerCase()));
  const isTested = registrations.every(({ record }) => isInDate(record, now));
  const what = registrations.map(
    ({ body, record }) => `${body.authority}: registered on ${body.registeredOn}, tested on ${body.testedOn}, next by ${body.nextTestBy}; ${signed(record)}.`,
  );
  return {
    figure: isTested && accepted.length === 2 && names.size === 2,
    finding: [...what, ...(people.length === 0 ? ['No administrator and no replacement was recorded.'] : people.map((one) => describePerson(one, now)))].join(
      ' ',
    ),
  };
}

interface Found<Body> {
  readonly record: SignedRecord;
  readonly body: Body;
}

/** Each was parsed with the schema of its kind when it was signed, and the database refuses changes. */
function bodiesOf<Body>(records: readonly SignedRecord[], kind: SignedRecord['kind']): Found<Body>[] {
  return records.filter((record) => record.kind === kind).map((record) => ({ record, body: record.body as Body }));
}
