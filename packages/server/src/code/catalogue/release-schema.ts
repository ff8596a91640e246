/** Releases of the catalogue as they are kept, shown and compared. */
import { z } from 'zod';
import { OUTCOMES } from '../facts/schema.ts';

/** Bigger than any catalogue that we can think of; the limit of a JSON body is a little above. */
export const RELEASE_BYTES_MAX = 900_000;
export const NOTE_BYTES_MAX = 20_000;

/** A release as it is handed around: the bytes, and the signed note (C2SP) about them. */
export interface ReleaseFile {
  readonly bytes: Uint8Array;
  readonly note: string;
}

export const VersionSchema = z.string().regex(/^\d{1,6}\.\d{1,6}\.\d{1,6}$/, 'must be a version such as 1.0.0');

export const ReleaseViewSchema = z
  .object({
    version: z.string(),
    releasedOn: z.iso.date(),
    digest: z.string().describe('SHA-256 of the signed bytes, hexadecimal.'),
    signedBy: z.string().describe('Names of the keys whose signatures verified.'),
    controls: z.number(),
    toVerify: z.number().describe('How many of them a person must still compare with the primary text.'),
    isCurrent: z.boolean(),
    importedAt: z.iso.datetime().nullable().describe('Null: it came with this software.'),
  })
  .meta({ id: 'CodeRelease' });
export type ReleaseView = z.output<typeof ReleaseViewSchema>;

export const CatalogueDifferenceSchema = z
  .object({
    from: z.string(),
    to: z.string(),
    controls: z.array(
      z.object({
        id: z.string(),
        title: z.string(),
        change: z.enum(['added', 'removed', 'changed']),
        members: z
          .array(z.object({ member: z.string(), before: z.string().nullable(), after: z.string().nullable() }))
          .describe('Which members differ, with both texts.'),
      }),
    ),
  })
  .meta({ id: 'CodeCatalogueDifference' });
export type CatalogueDifference = z.output<typeof CatalogueDifferenceSchema>;

/** Why the release in use is the one. */
export interface ReleaseChoice {
  readonly version: string;
  readonly digest: string;
  /** A newer one is held, and a person chose this one all the same. */
  readonly isHeldBack: boolean;
  readonly reason: string | null;
  readonly actor: string;
  readonly at: Date;
}

export interface UseOptions {
  /** Also when a newer one is held; then the reason is needed. */
  readonly allowOlder?: boolean | undefined;
  readonly reason?: string | undefined;
}

/** What one measure is to this service before and after. Null: it was not there. */
const MeasureChangeSchema = z.object({
  control: z.string(),
  ref: z.string(),
  title: z.string(),
  change: z
    .enum(['begins', 'will_begin', 'ends', 'goes_on', 'none', 'undecided'])
    .describe('`goes_on`: it is for this service before and after; what it asks may be another. `none`: it is not for this service.'),
  before: z.enum(OUTCOMES).nullable(),
  after: z.enum(OUTCOMES).nullable(),
  reason: z.string(),
  missing: z.array(z.string()).describe('Questions that nobody has answered and on which it depends.'),
  members: z.array(z.string()).describe('Of a release: which members of the measure differ.'),
});
export type MeasureChange = z.output<typeof MeasureChangeSchema>;

/** A change of the law, of a code or of the catalogue, and what it is to this service. */
export const AmendmentViewSchema = z
  .object({
    id: z.string(),
    kind: z.enum(['amendment', 'release']),
    date: z.iso.date(),
    title: z.string(),
    summary: z.string(),
    source: z.object({ id: z.string(), title: z.string(), section: z.string(), date: z.iso.date(), url: z.string().nullable() }).nullable(),
    verify: z.boolean().describe('A person must compare it with the primary text.'),
    concerns: z.enum(['yes', 'no', 'undecided']),
    why: z.string(),
    measures: z.array(MeasureChangeSchema),
  })
  .meta({ id: 'CodeAmendment' });
export type AmendmentView = z.output<typeof AmendmentViewSchema>;

export interface AmendmentsService {
  /** Newest first. */
  list(): Promise<readonly AmendmentView[]>;
}
