/** A shape: how the rows of one kind of file become statements. */
import type { z } from 'zod';
import type { Statement } from './schema.ts';
import type { Places } from './place-rules.ts';

/** What a row says, before it has the source of its file. */
export interface Saying extends Omit<Statement, 'source'> {
  /** Where the row names a source of its own. */
  readonly url?: string | null;
  readonly title?: string;
  /** The table may have several rows for one country, under different names: their figures are added, and the text says so. */
  readonly isAdded?: true;
}

export interface RowSayings {
  readonly sayings: readonly Saying[];
  /** What of the row could not be taken, in words. */
  readonly fault?: string;
}

export interface RowContext {
  readonly places: Places;
  /** The day for which rows are true that do not say it themselves. */
  readonly asOf: string | null;
  /** The row before, for tables that say "same". */
  readonly before: Readonly<Record<string, string>> | undefined;
}

export interface Shape {
  readonly name: string;
  readonly about: string;
  readonly columns: readonly string[];
  /** Shown with each of its statements. */
  readonly caveat: string;
  read(cells: Readonly<Record<string, string>>, context: RowContext): RowSayings;
}

interface ShapeSpec<Row extends z.ZodObject> {
  readonly name: string;
  readonly about: string;
  readonly caveat: string;
  readonly row: Row;
  read(row: z.output<Row>, context: RowContext): RowSayings;
}

/** Ties the columns, their check and the reading together. */
export function defineShape<Row extends z.ZodObject>({ row, read, ...shape }: ShapeSpec<Row>): Shape {
  return {
    ...shape,
    columns: Object.keys(row.shape),
    read(cells, context) {
      const parsed = row.safeParse(cells);
      if (parsed.success) return read(parsed.data, context);
      return { sayings: [], fault: parsed.error.issues.map((issue) => `${issue.path.map(String).join('.')} ${issue.message}`).join('; ') };
    },
  };
}
