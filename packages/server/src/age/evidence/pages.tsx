/** The console's page about the evidence of age checks, and the public statement. */
import { z } from 'zod';
import type { FieldError } from '../../platform/errors.ts';
import { html, seeOther } from '../../platform/http/reply.ts';
import type { Principal } from '../../platform/http/rights.ts';
import { definePage, type Route } from '../../platform/http/route.ts';
import { renderEvidencePage, type ReviewForm } from './evidence-page.tsx';
import { ReviewInputSchema } from './record-schema.ts';
import type { EvidenceService } from './service.ts';
import { renderStatement } from './statement-page.tsx';

const HERE = '/console/age/evidence';
const ENTRIES_SHOWN = 20;

const QuerySchema = z.object({
  after: z.coerce.number().int().min(0).optional().catch(undefined),
  done: z.enum(['review', 'self-test']).optional().catch(undefined),
});
/** As a browser sends it; `ReviewInputSchema` then judges it, so that faults are shown beside the fields. */
const ReviewFormSchema = z.object({
  reviewer: z.string().default(''),
  reviewedOn: z.string().default(''),
  text: z.string().default(''),
  nextReviewOn: z.string().default(''),
  dpiaUrl: z.string().trim().default(''),
});
const FIELD_ERRORS: Readonly<Record<string, string>> = {
  reviewer: 'Say who reviewed, in at most 100 characters',
  reviewedOn: 'Enter the day of the review as year-month-day, such as 2026-11-25',
  text: 'Say what was looked at and found, in at most 10,000 characters',
  nextReviewOn: 'Enter the day of the next review as year-month-day, such as 2027-05-25',
  dpiaUrl: 'The link must be a whole address that begins with https:// or http://',
};

export function pages(evidence: EvidenceService): readonly Route[] {
  return [statementPage(evidence), evidencePage(evidence), reviewPage(evidence), selfTestPage(evidence)];
}

/** Before the page of a check: `/age/statement` is none. */
function statementPage(evidence: EvidenceService): Route {
  return definePage({
    method: 'get',
    path: '/age/statement',
    right: 'public',
    ignoresCredentials: true,
    summary: 'The public statement about age checks',
    handle: async () => html(renderStatement(await evidence.stateHow())),
  });
}

function evidencePage(evidence: EvidenceService): Route {
  return definePage({
    method: 'get',
    path: HERE,
    right: 'age:read',
    summary: 'Evidence about age checks',
    query: QuerySchema,
    handle: async ({ principal, query }) => html(await render(evidence, principal, query)),
  });
}

interface Shown {
  readonly after?: number | undefined;
  readonly done?: 'review' | 'self-test' | undefined;
  readonly form?: ReviewForm;
  readonly errors?: readonly FieldError[];
}

async function render(evidence: EvidenceService, principal: Principal, { after, done, form, errors = [] }: Shown): Promise<string> {
  const { sequence } = await evidence.record.head();
  // The newest: the record is read from a place on.
  const from = after ?? Math.max(0, sequence - ENTRIES_SHOWN);
  const entries = await evidence.record.list({ after: from, limit: ENTRIES_SHOWN });
  return renderEvidencePage(
    {
      evidence: await evidence.read(),
      verification: await evidence.record.verify(),
      selfTest: await evidence.findSelfTest(),
      entries: entries.toReversed(),
      older: from === 0 ? undefined : `${HERE}?after=${Math.max(0, from - ENTRIES_SHOWN)}#record`,
      hasStatement: evidence.hasStatement,
      done,
      form,
      errors,
    },
    principal,
  );
}

function reviewPage(evidence: EvidenceService): Route {
  return definePage({
    method: 'post',
    path: `${HERE}/reviews`,
    right: 'age:manage',
    summary: 'Add a review',
    body: ReviewFormSchema,
    async handle({ principal, body }) {
      const { dpiaUrl, ...rest } = body;
      const parsed = ReviewInputSchema.safeParse({ ...rest, ...(dpiaUrl === '' ? {} : { dpiaUrl }) });
      if (!parsed.success) {
        const names = new Set(parsed.error.issues.map(({ path }) => String(path[0])));
        const errors = [...names].map((at) => ({ at, message: FIELD_ERRORS[at] ?? 'This is not valid' }));
        return html(await render(evidence, principal, { form: body, errors }), { status: 400 });
      }
      await evidence.record.addReview(parsed.data, principal.id);
      return seeOther(`${HERE}?done=review#record`);
    },
  });
}

function selfTestPage(evidence: EvidenceService): Route {
  return definePage({
    method: 'post',
    path: `${HERE}/self-test`,
    right: 'age:manage',
    summary: 'Run the self-test',
    body: z.object({}),
    async handle({ signal }) {
      await evidence.runSelfTest(signal);
      return seeOther(`${HERE}?done=self-test`);
    },
  });
}
