/** Changes and results of checks, as sentences. Pure. */
import { formatDay } from '../../platform/ui/format.ts';
import { subjectOf } from '../model/state-rules.ts';
import { STATUS_WORDS } from '../model/status-rules.ts';
import type { Change, KeptChange } from '../model/schema.ts';
import type { Happening } from './schema.ts';

export interface CheckChange {
  readonly name: string;
  readonly at: Date;
  readonly runId: string;
  readonly isPassed: boolean;
  readonly finding: string;
}

/** Of a published change. */
export function describeChange({ id, change, replaces, publishedAt, digest }: KeptChange): Happening {
  const { title, text } = describe(change);
  return {
    id,
    at: publishedAt ?? new Date(0),
    subject: subjectOf(change),
    title: replaces === null ? title : `${title} (takes the place of an earlier version)`,
    text,
    digest,
    runId: null,
  };
}

export function describeCheckChange({ name, at, runId, isPassed, finding }: CheckChange, subject: string, checkTitle: string): Happening {
  return {
    id: `${runId}-${name}`,
    at,
    subject,
    title: `Check “${checkTitle}” ${isPassed ? 'passes again' : 'began to fail'}`,
    text: finding,
    digest: null,
    runId,
  };
}

function describe(change: Change): { readonly title: string; readonly text: string } {
  switch (change.kind) {
    case 'register':
      return { title: `Register “${change.body.title}”`, text: `Published by ${change.body.publisher} on ${formatDay(change.body.publishedAt)}.` };
    case 'recommendation':
      return { title: `Recommendation ${change.body.number}: ${change.body.title}`, text: change.body.text };
    case 'response':
      return { title: `Response of ${change.body.by} of ${formatDay(change.body.date)}`, text: change.body.text };
    case 'action':
      return { title: `Action of ${change.body.owner}: ${change.body.title}`, text: describeSpan(change.body.from, change.body.to) };
    case 'milestone':
      return {
        title: `Milestone: ${change.body.title}`,
        text:
          change.body.doneAt === null
            ? `Due on ${formatDay(change.body.dueAt)}.`
            : `Done on ${formatDay(change.body.doneAt)}, due on ${formatDay(change.body.dueAt)}.`,
      };
    case 'status':
      return {
        title: `Status claimed by ${change.body.claimant}: ${STATUS_WORDS[change.body.status]}`,
        text: `As of ${formatDay(change.body.asOf)}. ${change.body.text}`,
      };
  }
}

export function describeSpan(from: string | null, to: string | null): string {
  if (from === null && to === null) return 'No dates were given.';
  if (from === null) return `Planned until ${formatDay(to ?? '')}.`;
  return to === null ? `Planned from ${formatDay(from)}.` : `Planned from ${formatDay(from)} to ${formatDay(to)}.`;
}

/** Newest first; of one moment in the order of their ids. */
export function compareHappenings(a: Happening, b: Happening): number {
  return b.at.getTime() - a.at.getTime() || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);
}
