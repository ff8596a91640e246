/** The words of the console and the command line for what the data call by short names. */
import type { TagColour } from '../../platform/ui/components.tsx';
import type { Scope } from '../hosting/schema.ts';
import type { Notice, NoticeOutcome, ReportInput, ReportState, Wait } from './schema.ts';

export const WAIT_WORDS: Readonly<Record<Wait, string>> = {
  trace: 'cannot go on',
  draft: 'draft to read',
  police: 'waits for the police',
  contact: 'contact to approve',
  reply: 'reply waiting',
  unknown: 'perhaps sent',
  hand: 'to hand over',
};
export const WAIT_COLOURS: Readonly<Record<Wait, TagColour>> = {
  trace: 'grey',
  draft: 'blue',
  police: 'purple',
  contact: 'blue',
  reply: 'yellow',
  unknown: 'red',
  hand: 'blue',
};

export const STATE_WORDS: Readonly<Record<ReportState, string>> = {
  reported: 'reported',
  traced: 'traced',
  drafted: 'drafted',
  waiting_police: 'waits for the police',
  waiting_contact: 'waits for a contact',
  handed: 'handed over',
  sent: 'notice sent',
  reminded: 'reminded',
  escalated: 'escalated',
  closed: 'closed',
};

export const OUTCOME_WORDS: Readonly<Record<NoticeOutcome, string>> = {
  removed: 'removed',
  unavailable: 'unavailable',
  moved: 'moved elsewhere',
  not_illegal: 'not illegal there',
  no_answer: 'no answer',
  duplicate: 'duplicate',
  withdrawn: 'withdrawn',
};

export const SCOPE_WORDS: Readonly<Record<Scope, string>> = {
  hotline: 'hotline',
  police: 'police',
  regulator: 'regulator',
  network: 'network',
  host: 'host',
  registrar: 'registrar',
  cdn: 'delivery network',
};

export const NOTICE_WORDS: Readonly<Record<Notice['state'], string>> = {
  draft: 'draft',
  approved: 'approved, not sent yet',
  queued: 'being sent',
  sent: 'sent',
  failed: 'failed',
  unknown: 'perhaps sent',
  answered: 'answered',
  withdrawn: 'withdrawn',
};

export const DETECTION_WORDS: Readonly<Record<ReportInput['detection'], string>> = {
  manual_review: 'a person looked at it',
  user_report: 'somebody reported it',
  hash_match: 'a hash matched',
  ai_detection: 'a classifier marked it',
  automated_scan: 'a scan found it',
};

export const CLASS_WORDS: Readonly<Record<ReportInput['classification'], string>> = {
  baseline: 'baseline: illegal in nearly all countries',
  A1: 'A1',
  A2: 'A2',
  B1: 'B1',
  B2: 'B2',
  national: 'illegal in the country of hosting',
  not_assessed: 'not assessed',
};

/** `contact_approved` -> `contact approved` */
export function describeChange(change: string): string {
  return change.replaceAll('_', ' ');
}
