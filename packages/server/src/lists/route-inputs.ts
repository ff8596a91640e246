/** Parameters of the HTTP API of lists, parsed at the edge. */
import { z } from 'zod';
import { parseColumnMap } from './rules.ts';
import { ENTRY_STATES, IMPORT_MODES, NEW_ENTRIES_MAX, NewEntrySchema, VersionViewSchema } from './schema-changes.ts';
import { FILE_FORMATS, ListIdSchema, ListSettingsSchema, ListViewSchema, SIGNAL_TYPES } from './schema.ts';

const whole = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const flag = z.enum(['true', 'false', '1', '0', '']).transform((value) => value !== 'false' && value !== '0');

export const ListParamsSchema = z.object({ id: ListIdSchema });
export const EntryParamsSchema = z.object({ id: ListIdSchema, entry: z.coerce.number().int().min(1).max(4_294_967_295) });
export const VersionParamsSchema = z.object({ version: whole });

export const NewListSchema = ListSettingsSchema.required({ name: true });
export const EntriesQuerySchema = z.object({ after: whole.optional(), limit: whole.optional(), state: z.enum(ENTRY_STATES).optional() });
export const NewEntriesSchema = z.object({ entries: z.array(NewEntrySchema).min(1).max(NEW_ENTRIES_MAX) });
export const FindEntrySchema = z.object({ type: z.enum(SIGNAL_TYPES).optional(), value: z.string().trim().min(1).max(128) });
export const VersionsQuerySchema = z.object({ before: whole.optional(), limit: whole.optional(), list: ListIdSchema.optional() });
export const DifferenceQuerySchema = z.object({ from: whole, to: whole, list: ListIdSchema.optional(), after: whole.optional(), limit: whole.optional() });

export const ImportQuerySchema = z.object({
  strict: flag.optional().meta({ description: 'Refuse the whole file when one line cannot be read.' }),
  mode: z.enum(IMPORT_MODES).optional().meta({ description: '`replace` withdraws the entries that the file does not hold. Default `add`.' }),
  type: z.enum(SIGNAL_TYPES).optional().meta({ description: 'The type of values whose row does not say it.' }),
  format: z.enum(FILE_FORMATS).optional().meta({ description: 'Default: found from the content type and the first line.' }),
  map: z
    .string()
    .max(500)
    .transform((text, context) => {
      const map = parseColumnMap(text);
      if (map === undefined)
        context.addIssue({
          code: 'custom',
          message: 'must read like value=2,type=1 or pdq=Hash (value, type, reference, pdq, md5, sha1, sha256; a column number from 1 or its name)',
        });
      return map ?? {};
    })
    .optional()
    .meta({ description: 'Which CSV column is what: `value=2,type=1` or `pdq=Hash`.' }),
});

export const ListsSchema = z.object({ listSetVersion: z.number().int(), lists: z.array(ListViewSchema) });
export const RemovedSchema = z.object({ listSetVersion: z.number().int() });
export const VersionsSchema = z.object({ versions: z.array(VersionViewSchema), next: z.number().int().optional() });
