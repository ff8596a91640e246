/** Words and wire shapes of lists. One list holds entries of several signal types. */
import { z } from 'zod';

export const SIGNAL_TYPES = ['pdq', 'md5', 'sha1', 'sha256'] as const;
export type SignalType = (typeof SIGNAL_TYPES)[number];
/** Bytes of one value of each type. */
export const SIGNAL_BYTES: Readonly<Record<SignalType, number>> = { pdq: 32, md5: 16, sha1: 20, sha256: 32 };

export const FILE_FORMATS = ['csv', 'jsonl', 'text'] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];

export const BadLineSchema = z.object({ line: z.number().int(), reason: z.string() });
/** A line of a list file that was left out; never its content. */
export type BadLine = z.output<typeof BadLineSchema>;

/** What a match with a list leads to. Neither publishes. */
export const DISPOSITIONS = ['hold', 'refuse'] as const;
export type ListDisposition = (typeof DISPOSITIONS)[number];

/** PDQ: distances up to 31 match, quality below 50 is not compared (screening-and-lists.md section 3, rule 12). */
export const DEFAULT_RADIUS = 31;
export const MAX_RADIUS = 63;
export const DEFAULT_QUALITY_FLOOR = 50;

export const ListIdSchema = z.string().regex(/^list_[0-9a-z]{26}$/);
export const ListNameSchema = z.string().trim().min(1).max(120);

export const ListSettingsSchema = z.object({
  name: ListNameSchema.optional(),
  /** Where the list comes from, in the operator's words. */
  source: z.string().trim().max(200).optional(),
  radius: z.number().int().min(0).max(MAX_RADIUS).optional(),
  qualityFloor: z.number().int().min(0).max(100).optional(),
  disposition: z.enum(DISPOSITIONS).optional(),
});
export type ListSettings = z.output<typeof ListSettingsSchema>;

export const ListViewSchema = z
  .object({
    id: ListIdSchema,
    name: z.string(),
    source: z.string(),
    state: z.enum(['active', 'disabled']),
    radius: z.number().int(),
    qualityFloor: z.number().int(),
    disposition: z.enum(DISPOSITIONS),
    /** Entries in force, by signal type. */
    entries: z.object({ pdq: z.number().int(), md5: z.number().int(), sha1: z.number().int(), sha256: z.number().int() }),
    disabledEntries: z.number().int(),
    createdAt: z.iso.datetime(),
    /** When its content or settings changed last. */
    changedAt: z.iso.datetime(),
    /** The list-set version that this change made. */
    listSetVersion: z.number().int(),
  })
  .meta({ id: 'List' });
export type ListView = z.output<typeof ListViewSchema>;

/** How one picture was rendered before it was hashed. `white` and `black`: flattened on that colour; `opaque`: had no alpha; `dropped`: alpha ignored. */
export const RENDERINGS = ['opaque', 'white', 'black', 'dropped'] as const;
export type Rendering = (typeof RENDERINGS)[number];
/** `full`: full resolution (pdqhash-python, HMA). `nearest512`: the C++ command's nearest-neighbour 512x512. */
export const FORMS = ['full', 'nearest512'] as const;
export type Form = (typeof FORMS)[number];

/** One perceptual hash set of an upload: eight orientations in the order of `ORIENTATIONS` of @gatehouse/pdq. */
export interface PictureHashes {
  readonly rendering: Rendering;
  readonly form: Form;
  readonly quality: number;
  /** Eight times 64 lower-case hexadecimal digits. */
  readonly hashes: readonly string[];
}

/** What is compared with the lists. */
export interface QuerySignals {
  readonly digests: { readonly md5: string; readonly sha1: string; readonly sha256: string };
  readonly pictures: readonly PictureHashes[];
}

export const HitSchema = z
  .object({
    listId: ListIdSchema,
    listName: z.string(),
    /** Number of the entry within its list; stable for ever. */
    entry: z.number().int(),
    /** The entry's reference at its source, when the list came with one. */
    reference: z.string().optional(),
    signal: z.enum(SIGNAL_TYPES),
    /** Bits that differ; 0 for digests. */
    distance: z.number().int(),
    /** PDQ only. */
    quality: z.number().int().optional(),
    /** PDQ only: how the upload must be turned to look like the entry; a word of ORIENTATIONS. */
    orientation: z.string().optional(),
    rendering: z.enum(RENDERINGS).optional(),
    form: z.enum(FORMS).optional(),
    disposition: z.enum(DISPOSITIONS),
  })
  .meta({ id: 'Hit' });
export type Hit = z.output<typeof HitSchema>;

export interface MatchResult {
  readonly listSetVersion: number;
  /** Best hit of each entry, nearest first; at most `HITS_MAX`, among them the nearest of each list, of those that refuse before others. */
  readonly hits: readonly Hit[];
  /** How many hits there were in all. */
  readonly hitCount: number;
  readonly activeLists: number;
  /** True when at least one active list holds PDQ entries and no picture of the upload reached that list's quality floor. */
  readonly isBelowQualityFloor: boolean;
}
export const HITS_MAX = 20;

export interface MatchOptions {
  /** Fair queueing: comparisons of different keys take turns. */
  readonly key?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** No PDQ hash that is farther away counts; lists with a smaller radius keep theirs. */
  readonly radiusMax?: number | undefined;
  /** The list of our own test pictures counts, too. Nobody else is compared with it. */
  readonly withCanaries?: boolean | undefined;
}

/** What screening and intake may ask. In memory: no I/O between a decision and the list set in force. */
export interface Matcher {
  readonly listSetVersion: number;
  /**
   * Compares with exactly this list-set version, also when a newer one comes into force meanwhile.
   * @throws {GatehouseError} `queue_full`, `stopping`, `internal`; the reason of `signal`. Whoever gets none of the answers has no clearance.
   */
  match(signals: QuerySignals, options?: MatchOptions): Promise<MatchResult>;
  /** Several at once, each for itself, as one comparison in the queue; results in the order of `asked`. All of them or none. */
  matchEach(asked: readonly QuerySignals[], options?: MatchOptions): Promise<readonly MatchResult[]>;
}
