/** How closed words are said on public pages. */
import type { TagColour } from '../../platform/ui/components.tsx';
import type { Evidence, RecommendationView } from '../model/schema.ts';
import { STATUS_WORDS } from '../model/status-rules.ts';

type Status = RecommendationView['registerStatus']['status'];

const STATUS_COLOURS: Readonly<Record<Status, TagColour>> = {
  not_started: 'yellow',
  under_way: 'blue',
  complete: 'green',
  ongoing: 'blue',
  stalled: 'red',
  superseded: 'purple',
  disputed: 'red',
  not_assessed: 'grey',
};

export function describeStatus(status: Status): { readonly text: string; readonly colour: TagColour } {
  return { text: STATUS_WORDS[status], colour: STATUS_COLOURS[status] };
}

export const CLAIMANT_WORDS: Readonly<Record<RecommendationView['statuses'][number]['by'], string>> = {
  government: 'Government',
  register: 'This register',
  independent: 'Independent body',
};

export const SHOWS_WORDS: Readonly<Record<Evidence['shows'], string>> = {
  effect: 'shows an effect',
  activity: 'shows an activity',
  reply: 'shows a reply',
};

export const EVIDENCE_WORDS: Readonly<Record<Evidence['kind'], string>> = {
  document: 'document',
  statement: 'statement',
  legislation: 'legislation',
  dataset: 'data',
  check: 'check',
};

export const ACTION_WORDS: Readonly<Record<RecommendationView['actions'][number]['kind'], string>> = {
  law: 'law',
  policy: 'policy',
  funding: 'funding',
  international: 'international',
  tool: 'tool',
  other: 'other',
};

export const IN_FORCE_WORDS = { yes: 'in force', partly: 'in force in part', no: 'not in force', unknown: 'not known whether in force' } as const;

/** `known-material` -> `known material` */
export function describeTheme(theme: string): string {
  return theme.replaceAll('-', ' ');
}

export function describeLateness(days: number | null): string {
  if (days === null) return 'no day was set';
  return days === 0 ? 'in time' : `${days} ${days === 1 ? 'day' : 'days'} late`;
}
