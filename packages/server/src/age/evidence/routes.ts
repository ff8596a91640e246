import { z } from 'zod';
import { json, Reply } from '../../platform/http/reply.ts';
import { defineRoute, type Route } from '../../platform/http/route.ts';
import { SelfTestSchema } from './lab-schema.ts';
import { EvidenceSchema } from './metric-schema.ts';
import { HeadSchema, RecordSchema, ReviewInputSchema, VerificationSchema } from './record-schema.ts';
import { FormatSchema } from './schema.ts';
import type { EvidenceService } from './service.ts';
import { StatementSchema } from './statement-schema.ts';

const CONTENT_TYPES = { json: 'application/json; charset=utf-8', markdown: 'text/markdown; charset=utf-8' } as const;
const PageSchema = z.object({ after: z.coerce.number().int().min(0).default(0), limit: z.coerce.number().int().min(1).max(500).default(100) });

export function routes(evidence: EvidenceService): readonly Route[] {
  return [...readRoutes(evidence), ...recordRoutes(evidence), ...labRoutes(evidence), statementRoute(evidence)];
}

function readRoutes(evidence: EvidenceService): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/age/evidence',
      right: 'age:read',
      tag: 'age',
      summary: 'Metrics about age checks, by criterion',
      description: 'About nobody: no figure is about fewer than `k` checks, and none from which one could be worked out. `not_evaluated` is not a pass.',
      responses: { 200: { description: 'All metrics', schema: EvidenceSchema } },
      handle: async () => json(await evidence.read()),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/age/evidence/export',
      right: 'age:read',
      tag: 'age',
      summary: 'Metrics, self-test and the whole written record, as one file',
      query: z.object({ format: FormatSchema }),
      responses: { 200: { description: 'JSON, or Markdown', contentType: CONTENT_TYPES.json.split(';')[0] ?? '' } },
      async handle({ query: { format } }) {
        const extension = format === 'json' ? 'json' : 'md';
        return new Reply(await evidence.export(format), {
          headers: { 'content-type': CONTENT_TYPES[format], 'content-disposition': `attachment; filename="age-evidence.${extension}"` },
        });
      },
    }),
  ];
}

function recordRoutes({ record }: EvidenceService): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/age/evidence/record',
      right: 'age:read',
      tag: 'age',
      summary: 'The written record: configurations and reviews, in order',
      query: PageSchema,
      responses: { 200: { description: 'A page of it', schema: z.object({ entries: z.array(RecordSchema) }) } },
      handle: async ({ query }) => json({ entries: await record.list(query) }),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/age/evidence/verification',
      right: 'age:read',
      tag: 'age',
      summary: 'Whether the written record is whole',
      query: z.object({ head: HeadSchema.optional().describe('`<sequence>:<hash>` that was noted earlier: must be in the record.') }),
      responses: { 200: { description: 'Whole, or the first fault', schema: VerificationSchema } },
      async handle({ query: { head } }) {
        const [sequence = '', hash = ''] = (head ?? '').split(':');
        return json(await record.verify(head === undefined ? undefined : { sequence: Number(sequence), hash }));
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/age/evidence/reviews',
      right: 'age:manage',
      tag: 'age',
      summary: 'Add a review to the written record',
      description: 'It stays there: nothing is ever removed from the record.',
      body: ReviewInputSchema,
      responses: { 201: { description: 'The entry', schema: RecordSchema } },
      handle: async ({ body, principal }) => json(await record.addReview(body, principal.id), { status: 201 }),
    }),
  ];
}

function labRoutes(evidence: EvidenceService): readonly Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/age/evidence/self-tests',
      right: 'age:manage',
      tag: 'age',
      summary: 'Run the self-test',
      description: 'Judges a corpus of hostile and genuine presentations with the verifier of this build, each twice. Takes about a second.',
      responses: { 200: { description: 'What it found', schema: SelfTestSchema } },
      handle: async ({ signal }) => json(await evidence.runSelfTest(signal)),
    }),
  ];
}

function statementRoute(evidence: EvidenceService): Route {
  return defineRoute({
    method: 'get',
    path: '/age/statement.json',
    right: 'public',
    ignoresCredentials: true,
    tag: 'age',
    summary: 'The public statement about age checks, for machines',
    responses: { 200: { description: 'The statement', schema: StatementSchema } },
    handle: async () => json(await evidence.stateHow()),
  });
}
