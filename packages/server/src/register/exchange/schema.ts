/** How registers come in and go out, and whether the documents that they rest on are still there. */
import { z } from 'zod';
import { RegisterSchema, RESPONSE_CLASSES, STATUSES } from '../model/schema.ts';

export const EXPORT_FORMATS = ['csv', 'json', 'jsonld'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** What a table may say of a recommendation, its first response, and one claim about its status. */
export const TABLE_FIELDS = [
  'number',
  'title',
  'text',
  'addressees',
  'themes',
  'relatedTo',
  'responseBy',
  'responseDate',
  'responseClass',
  'responseText',
  'responseUrl',
  'statusClaimant',
  'status',
  'statusAsOf',
  'statusText',
] as const;
export type TableField = (typeof TABLE_FIELDS)[number];

const Word = z.string().trim().min(1).max(200);

export const MappingSchema = z
  .strictObject({
    register: RegisterSchema,
    /** Which column holds what. */
    columns: z.partialRecord(z.enum(TABLE_FIELDS), Word),
    /** For every row, where no column is named or its cell is empty. */
    constants: z.partialRecord(z.enum(TABLE_FIELDS), z.string().trim().min(1).max(20_000)).default({}),
    /** The publisher's words to our classes. A word that is missing here is a fault, never a guess. */
    values: z
      .strictObject({
        responseClass: z.record(Word, z.enum(RESPONSE_CLASSES)).default({}),
        status: z.record(Word, z.enum(STATUSES)).default({}),
      })
      .default({ responseClass: {}, status: {} }),
    /** Whose claim the column `status` is. The register's own claims are made here, by people, and never imported from a table. */
    statusBy: z.enum(['government', 'independent']).default('government'),
    isVerbatim: z.boolean().default(false),
    dates: z.enum(['year-month-day', 'day/month/year']).default('year-month-day'),
    /** Between several addressees or themes in one cell. */
    separator: z.string().min(1).max(3).default(';'),
  })
  .meta({ id: 'RegisterMapping' });
export type Mapping = z.output<typeof MappingSchema>;

export const ImportInputSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('csv'), mapping: MappingSchema, text: z.string() }),
    z.strictObject({ kind: z.literal('jsonld'), document: z.unknown() }),
  ])
  .meta({ id: 'RegisterImport' });
export type ImportInput = z.output<typeof ImportInputSchema>;

export const ImportResultSchema = z
  .object({
    /** Null: nothing was kept, because it was a preview or there are faults. */
    batch: z.string().nullable(),
    register: z.string().nullable(),
    counts: z.object({
      register: z.number(),
      recommendation: z.number(),
      response: z.number(),
      action: z.number(),
      milestone: z.number(),
      status: z.number(),
    }),
    /** So much of it is in the register already, word for word. */
    unchanged: z.number(),
    faults: z.array(z.object({ at: z.string(), message: z.string() })),
  })
  .meta({ id: 'RegisterImportResult' });
export type ImportResult = z.output<typeof ImportResultSchema>;

export const LINK_STATUSES = ['ok', 'changed', 'gone', 'not_checked'] as const;

/** One address of a source. */
export interface LinkView {
  readonly url: string;
  readonly status: (typeof LINK_STATUSES)[number];
  /** In one sentence, without the address. */
  readonly finding: string;
  readonly checkedAt: Date | null;
  /** When another text was found than the first time. */
  readonly changedAt: Date | null;
  /** The recommendations and registers that name it. */
  readonly usedBy: readonly string[];
}

export interface ExchangeService {
  /** Of what is published. @throws {GatehouseError} `not_found` */
  export(register: string, format: ExportFormat): Promise<{ readonly name: string; readonly contentType: string; readonly text: string }>;
  /** Nothing is kept: counts and faults. */
  preview(input: ImportInput): Promise<ImportResult>;
  /** Kept as one batch of drafts, or nothing at all when there is a fault. */
  import(input: ImportInput, actor: string): Promise<ImportResult>;
  links(): Promise<readonly LinkView[]>;
  /** @param isAll also those that are not due. @returns how many were asked for */
  checkLinks(options: { readonly isAll: boolean; readonly signal: AbortSignal }): Promise<number>;
}
