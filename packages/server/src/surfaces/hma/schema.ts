/** Words and wire shapes of Hasher-Matcher-Actioner 1.1 (facebook/ThreatExchange, hasher-matcher-actioner/src/OpenMediaMatch, BSD-3). */
import { z } from 'zod';
import { DEFAULT_RADIUS, SIGNAL_BYTES, type SignalType } from '../../lists/index.ts';

/** Their names of signal types. `sha1` and `sha256` are not among theirs: lists here hold such entries, too. */
export const HMA_SIGNALS = ['pdq', 'video_md5', 'sha1', 'sha256'] as const;
export type HmaSignal = (typeof HMA_SIGNALS)[number];

export const TO_HMA = { pdq: 'pdq', md5: 'video_md5', sha1: 'sha1', sha256: 'sha256' } as const satisfies Record<SignalType, HmaSignal>;
export const FROM_HMA = { pdq: 'pdq', video_md5: 'md5', sha1: 'sha1', sha256: 'sha256' } as const satisfies Record<HmaSignal, SignalType>;

export const SIGNAL_DIGITS: Readonly<Record<HmaSignal, number>> = {
  pdq: SIGNAL_BYTES.pdq * 2,
  video_md5: SIGNAL_BYTES.md5 * 2,
  sha1: SIGNAL_BYTES.sha1 * 2,
  sha256: SIGNAL_BYTES.sha256 * 2,
};
/** PDQ_CONFIDENT_MATCH_THRESHOLD of python-threatexchange: of two hashes alone no list says how far apart they may be. */
export const COMPARE_RADIUS = DEFAULT_RADIUS;

export const HMA_CONTENTS = ['photo', 'video'] as const;
export type HmaContent = (typeof HMA_CONTENTS)[number];
/** What a file of each kind is hashed to when nothing else is asked for. */
export const SIGNAL_OF_CONTENT = { photo: 'pdq', video: 'video_md5' } as const satisfies Record<HmaContent, HmaSignal>;

/** Of every error (utils/flask_utils.py, api_error_handler). */
export const HmaErrorSchema = z.object({ message: z.string() }).meta({ id: 'HmaError' });

export const HmaMatchSchema = z
  .object({
    bank_content_id: z.number().int().describe('The entry: unique over all banks, stable for ever; below 2^53.'),
    distance: z.string().describe('PDQ: bits that differ, as a text. Digests: an empty text.'),
  })
  .meta({ id: 'HmaMatch' });
export type HmaMatch = z.output<typeof HmaMatchSchema>;

export const HmaBanksMatchedSchema = z.record(z.string(), z.array(HmaMatchSchema)).meta({ id: 'HmaBanksMatched' });
export type HmaBanksMatched = z.output<typeof HmaBanksMatchedSchema>;
export const HmaFileMatchedSchema = z.record(z.string(), HmaBanksMatchedSchema);
export type HmaFileMatched = z.output<typeof HmaFileMatchedSchema>;
export const HmaRawMatchedSchema = z.object({ matches: z.union([z.array(z.number().int()), z.array(HmaMatchSchema)]) });
export const HmaHashesSchema = z.record(z.string(), z.string());
export const HmaComparedSchema = z.record(z.string(), z.tuple([z.boolean(), z.object({ distance: z.number().int().optional() })]));
export type HmaCompared = z.output<typeof HmaComparedSchema>;

export const HmaBankSchema = z.object({ name: z.string(), matching_enabled_ratio: z.number() }).meta({ id: 'HmaBank' });
export type HmaBank = z.output<typeof HmaBankSchema>;
export const HmaContentSchema = z
  .object({
    id: z.number().int(),
    disable_until_ts: z.number().int().describe('1: in force; 0: not.'),
    collab_metadata: z.record(z.string(), z.array(z.string())),
    original_media_uri: z.null(),
    bank: HmaBankSchema,
  })
  .meta({ id: 'HmaContent' });
export type HmaContentView = z.output<typeof HmaContentSchema>;

export const HmaIndexStatusSchema = z.record(z.string(), z.object({ present: z.boolean(), built_to: z.number().int(), size: z.number().int() }));
export type HmaIndexStatus = z.output<typeof HmaIndexStatusSchema>;
export const HmaIndexAgeSchema = z.record(
  z.string(),
  z.object({
    db_size: z.number().int(),
    index_size: z.number().int(),
    index_out_of_date: z.boolean(),
    newest_db_item: z.number().int(),
    index_built_to: z.number().int(),
  }),
);

/** Of a repeated parameter the first counts, as in Flask. */
const one = z.union([z.string(), z.array(z.string()).transform((all) => all[0])]).optional();
export const LookUpQuerySchema = z.object({
  signal: one.meta({ description: 'The hash.' }),
  signal_type: one.meta({ description: 'Its type: pdq, video_md5, sha1 or sha256.' }),
  banks: one.meta({ description: 'Only these banks, comma-separated.' }),
  include_distance: one.meta({ description: 'raw_lookup: with distances. `true` or `false`.' }),
  url: one.meta({ description: 'Refused: nothing is fetched.' }),
  seed: one.meta({ description: 'Without effect: every match is told, there is no coin to flip.' }),
  bypass_coinflip: one.meta({ description: 'Without effect.' }),
});
export type LookUpQuery = z.output<typeof LookUpQuerySchema>;
export const FileQuerySchema = z.object({ types: one, banks: one, url: one, seed: one, bypass_coinflip: one, content_type: one });
export const SignalTypeQuerySchema = z.object({ signal_type: one });
