/** The self-test: a corpus of presentations, hostile and genuine, judged by the verifier of this very build. */
import { z } from 'zod';

export const LAB_SETS = ['mdoc', 'sd-jwt', 'openid4vp'] as const;

/** One case of the corpus, as fixtures/credential/hostile publishes it. Opaque parts go to the verifier as they are. */
export const LabCaseSchema = z.object({
  set: z.enum(LAB_SETS),
  id: z.string(),
  /** A code of the verifier, or `accepted`. */
  expect: z.string(),
  /** What a genuine one answers. */
  answer: z.enum(['true', 'false']).optional(),
  now: z.iso.datetime(),
  session: z.unknown(),
  response: z.object({ vp_token: z.unknown(), state: z.unknown() }),
  trust_anchors: z.array(
    z.object({
      certificate: z.base64(),
      document_types: z.union([z.literal('any'), z.array(z.string())]),
      valid_from: z.iso.datetime().optional(),
      valid_to: z.iso.datetime().optional(),
    }),
  ),
});
export type LabCase = z.output<typeof LabCaseSchema>;

/** `accepted_true`, `accepted_false`, `accepted_unknown`, or the code of the refusal. */
export type LabVerdict = string;

const SetReportSchema = z.object({
  set: z.enum(LAB_SETS),
  hostile: z.number().int(),
  hostileAccepted: z.number().int(),
  genuine: z.number().int(),
  genuineWrong: z.number().int(),
});

export const LabReportSchema = z
  .object({
    corpus: z.string().describe('SHA-256 of the packed corpus.'),
    cases: z.number().int(),
    sets: z.array(SetReportSchema),
    wrongAccept: z.number().int().describe('Should not give "yes", and gave it.'),
    hostileAccepted: z.number().int(),
    genuineWrong: z.number().int(),
    otherReason: z.number().int().describe('Refused, but for another reason than the corpus expects.'),
    differing: z.number().int().describe('Judged differently the second time.'),
    faults: z.array(z.string()).describe('The first twenty cases that did not do what they should.'),
  })
  .meta({ id: 'AgeSelfTestReport' });
export type LabReport = z.output<typeof LabReportSchema>;

export const SelfTestSchema = z
  .object({ id: z.string(), at: z.iso.datetime(), version: z.string(), isPassed: z.boolean(), report: LabReportSchema })
  .meta({ id: 'AgeSelfTest' });
export type SelfTest = z.output<typeof SelfTestSchema>;
