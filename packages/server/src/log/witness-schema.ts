/** Words and shapes of witnesses and time stamps: whom this log asks, for whom it is a witness, and what outsiders have seen of it. */
import { z } from 'zod';

const LOGS_MAX_NAME = 200;
/** `name+id+key` of a signed note. The longest name, 8 digits, 44 characters of base64. */
const KeyTextSchema = z.string().min(1).max(400);

/** Why a witness did not cosign. `rolled_back` and `forked` say something about this log; the others about the way to the witness. */
export const COSIGNER_FAULTS = {
  rolled_back: 'It has cosigned more entries than this log has: the log was rolled back, or cut off.',
  forked: 'What it cosigned before is not the beginning of this log: there are two histories.',
  unknown_log: 'It does not know this log. Give its operator the verifier key of the log.',
  unknown_key: 'It knows this log under another key.',
  refused: 'It could not read what this log sent.',
  bad_answer: 'What it answered is no cosignature of its key on this checkpoint.',
  busy: 'It cosigned something else in the meantime; it is asked again.',
  status: 'It answered with an error.',
  no_connection: 'It could not be reached.',
  timeout: 'It did not answer in time.',
  refused_address: 'Its address may not be called: not public, and not in GATEHOUSE_OUTBOUND_ALLOW.',
  log_damaged: 'No proof could be made for it: hashes of this log are missing or changed.',
} as const;
export type CosignerFault = keyof typeof COSIGNER_FAULTS;
const FAULTS = Object.keys(COSIGNER_FAULTS) as [CosignerFault, ...CosignerFault[]];

/** Faults that concern the history itself: nothing to wait out. */
export function isAboutHistory(fault: CosignerFault | null): boolean {
  return fault === 'rolled_back' || fault === 'forked';
}

export const AddCosignerSchema = z.strictObject({
  verifierKey: KeyTextSchema.describe('`name+id+key` of the witness, of the type of cosignatures (4).'),
  url: z
    .url({ protocol: /^https?$/ })
    .max(2000)
    .transform((url) => url.replace(/\/+$/, ''))
    .describe('Submission prefix: `/add-checkpoint` is put behind it.'),
});
export type AddCosigner = z.output<typeof AddCosignerSchema>;

export const CosignerSchema = z
  .object({
    name: z.string(),
    url: z.string(),
    verifierKey: z.string(),
    addedAt: z.iso.datetime(),
    askedAt: z.iso.datetime().nullable(),
    size: z.number().int().nullable().describe('Entries of the last checkpoint that it cosigned.'),
    cosignedAt: z.iso.datetime().nullable().describe('When that was, by its own clock.'),
    failingSince: z.iso.datetime().nullable(),
    failure: z.enum(FAULTS).nullable(),
  })
  .meta({ id: 'LogCosigner' });
export type Cosigner = z.output<typeof CosignerSchema>;

export const AddWitnessedLogSchema = z.strictObject({
  verifierKey: KeyTextSchema.describe('`name+id+key` of the log, as `gatehouse log status` prints it there.'),
  origin: z.string().min(1).max(LOGS_MAX_NAME).optional().describe('Its name in checkpoints; default: the name of the key.'),
});
export type AddWitnessedLog = z.output<typeof AddWitnessedLogSchema>;

export const WitnessedLogSchema = z
  .object({
    origin: z.string(),
    verifierKey: z.string(),
    addedAt: z.iso.datetime(),
    size: z.number().int().describe('Entries of the last checkpoint that was cosigned here; 0 before the first.'),
    cosignedAt: z.iso.datetime().nullable(),
    refused: z
      .object({
        why: z
          .enum(['fork', 'proof'])
          .describe('`fork`: it signed two roots for one size, which is proof that it has two histories. `proof`: what came with it did not hold.'),
        at: z.iso.datetime(),
        note: z.string().describe('What it signed.'),
      })
      .nullable(),
  })
  .meta({ id: 'WitnessedLog' });
export type WitnessedLog = z.output<typeof WitnessedLogSchema>;

export const WitnessSchema = z
  .object({
    name: z.string(),
    verifierKey: z.string().nullable().describe('With it others check the cosignatures of this installation; null until a log was added.'),
    logs: z.array(WitnessedLogSchema),
  })
  .meta({ id: 'LogWitness' });
export type WitnessView = z.output<typeof WitnessSchema>;

export const StampSchema = z
  .object({
    size: z.number().int().describe('Entries that the stamped checkpoint stands for.'),
    at: z.iso.datetime().describe('As the authority says.'),
    authority: z.string(),
    policy: z.string(),
    serial: z.string(),
  })
  .meta({ id: 'LogStamp' });
export type Stamp = z.output<typeof StampSchema>;

export const StampingSchema = z
  .object({
    isConfigured: z.boolean(),
    last: StampSchema.nullable(),
    failingSince: z.iso.datetime().nullable(),
    failure: z.string().nullable(),
  })
  .meta({ id: 'LogStamping' });
export type Stamping = z.output<typeof StampingSchema>;

/** In the state of the log. */
export const OutsideSchema = z
  .object({
    anchoredUpTo: z.number().int().describe('The first so many entries have been seen by an outsider.'),
    cosigners: z.array(CosignerSchema),
    stamping: StampingSchema,
  })
  .meta({ id: 'LogOutside' });
export type OutsideView = z.output<typeof OutsideSchema>;

/** What outsiders have seen of this log. */
export interface Anchors {
  readonly lastWitnessAt: Date | null;
  readonly lastStampAt: Date | null;
  /** The first so many entries cannot be other ones without an outsider knowing. */
  readonly anchoredUpTo: number;
}

/** The answer of a witness, before it is HTTP. */
export type WitnessAnswer =
  | { readonly kind: 'cosigned'; readonly lines: string }
  /** `size`: of the last checkpoint that was cosigned. */
  | { readonly kind: 'conflict'; readonly size: number }
  | { readonly kind: 'refused'; readonly status: 400 | 403 | 404 | 422; readonly reason: string };
