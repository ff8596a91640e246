/** Wire shapes of imports, entries, versions and differences. */
import { z } from 'zod';
import { BadLineSchema, DISPOSITIONS, FILE_FORMATS, ListIdSchema, SIGNAL_TYPES } from './schema.ts';

export const IMPORT_MODES = ['add', 'replace'] as const;
/** `replace`: entries that the file does not hold are withdrawn. */
export type ImportMode = (typeof IMPORT_MODES)[number];

export const ImportReportSchema = z
  .object({
    listId: ListIdSchema,
    /** The version that this import made, or the one in force when it changed nothing. */
    listSetVersion: z.number().int(),
    isChanged: z.boolean(),
    format: z.enum(FILE_FORMATS),
    lines: z.number().int(),
    /** New entries. */
    added: z.number().int(),
    /** Entries that had been withdrawn and are back. */
    restored: z.number().int(),
    /** Values that the list held already. */
    unchanged: z.number().int(),
    /** Values that the file repeats. */
    repeated: z.number().int(),
    withdrawn: z.number().int(),
    bad: z.number().int(),
    /** The first fifty. */
    badLines: z.array(BadLineSchema),
    suspicious: z.number().int(),
    warnings: z.array(z.string()),
    durationMs: z.number().int(),
  })
  .meta({ id: 'ImportReport' });
export type ImportReport = z.output<typeof ImportReportSchema>;

/** One line of an import's answer with `Accept: application/x-ndjson`; the last one is `report` or `problem`. */
export const ImportEventSchema = z
  .discriminatedUnion('kind', [
    z.object({
      kind: z.literal('progress'),
      phase: z.enum(['reading', 'sorting', 'comparing', 'storing', 'loading']),
      bytes: z.number().int(),
      lines: z.number().int(),
    }),
    z.object({ kind: z.literal('report'), report: ImportReportSchema }),
    z.object({ kind: z.literal('problem'), problem: z.looseObject({ code: z.string(), status: z.number().int(), detail: z.string() }) }),
  ])
  .meta({ id: 'ImportEvent' });
export type ImportEvent = z.output<typeof ImportEventSchema>;
export type ImportPhase = 'reading' | 'sorting' | 'comparing' | 'storing' | 'loading';

export const ENTRY_STATES = ['active', 'disabled', 'withdrawn'] as const;
export type EntryState = (typeof ENTRY_STATES)[number];

export const EntryViewSchema = z
  .object({
    /** Number of the entry within its list; stable for ever. */
    entry: z.number().int(),
    signal: z.enum(SIGNAL_TYPES),
    /** `disabled` by a person here; `withdrawn` by the source: a later `replace` did not hold it. */
    state: z.enum(ENTRY_STATES),
    /** The first digits only. Whole values are never given out. */
    maskedValue: z.string(),
    reference: z.string().optional(),
  })
  .meta({ id: 'ListEntry' });
export type EntryView = z.output<typeof EntryViewSchema>;

export const EntryPageSchema = z
  .object({
    listId: ListIdSchema,
    listSetVersion: z.number().int(),
    entries: z.array(EntryViewSchema),
    /** Pass it as `after` for the next page; absent on the last one. */
    next: z.number().int().optional(),
  })
  .meta({ id: 'ListEntryPage' });
export type EntryPage = z.output<typeof EntryPageSchema>;

export const NewEntrySchema = z.object({
  type: z.enum(SIGNAL_TYPES).optional(),
  value: z.string().trim().min(1).max(128),
  reference: z.string().trim().max(200).optional(),
});
export type NewEntry = z.output<typeof NewEntrySchema>;
export const NEW_ENTRIES_MAX = 1000;

export const CHANGE_KINDS = ['create', 'settings', 'disable', 'enable', 'remove', 'import', 'add', 'entry_disable', 'entry_enable'] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** A list's settings as a version found or left them. */
export const SettingsSnapshotSchema = z.object({
  name: z.string(),
  source: z.string(),
  state: z.enum(['active', 'disabled', 'removed']),
  radius: z.number().int(),
  qualityFloor: z.number().int(),
  disposition: z.enum(DISPOSITIONS),
});
export type SettingsSnapshot = z.output<typeof SettingsSnapshotSchema>;

export const VersionViewSchema = z
  .object({
    listSetVersion: z.number().int(),
    at: z.iso.datetime(),
    /** Who: the id of a key, a person or `local`. */
    actor: z.string(),
    kind: z.enum(CHANGE_KINDS),
    listId: ListIdSchema,
    listName: z.string(),
    added: z.number().int(),
    restored: z.number().int(),
    withdrawn: z.number().int(),
    disabled: z.number().int(),
    enabled: z.number().int(),
    /** Only when the settings or the state changed. */
    before: SettingsSnapshotSchema.optional(),
    after: SettingsSnapshotSchema.optional(),
  })
  .meta({ id: 'ListSetVersion' });
export type VersionView = z.output<typeof VersionViewSchema>;

export const ENTRY_CHANGES = ['added', 'restored', 'withdrawn', 'disabled', 'enabled'] as const;
export type EntryChange = (typeof ENTRY_CHANGES)[number];

/** The net difference of one list between two versions: what was undone in between does not show. */
export const ListDifferenceSchema = z.object({
  listId: ListIdSchema,
  listName: z.string(),
  change: z.enum(['created', 'removed', 'changed']),
  before: SettingsSnapshotSchema.optional(),
  after: SettingsSnapshotSchema.optional(),
  added: z.number().int(),
  restored: z.number().int(),
  withdrawn: z.number().int(),
  disabled: z.number().int(),
  enabled: z.number().int(),
});
export type ListDifference = z.output<typeof ListDifferenceSchema>;

export const DifferenceSchema = z
  .object({
    from: z.number().int(),
    to: z.number().int(),
    lists: z.array(ListDifferenceSchema),
    /** With `list`: a page of its entries that differ, by entry number. */
    entries: z.array(z.object({ entry: z.number().int(), signal: z.enum(SIGNAL_TYPES), change: z.enum(ENTRY_CHANGES) })).optional(),
    next: z.number().int().optional(),
  })
  .meta({ id: 'ListSetDifference' });
export type Difference = z.output<typeof DifferenceSchema>;
