/** Which signed records speak about a measure. Pure. */
import type { SignedRecord } from '../records/schema.ts';
import { AlternativeRecordSchema, AttestationSchema } from '../records/schema.ts';
import type { Alternative, Attested } from './state-rules.ts';

/** What named persons signed and is in effect. */
export interface Said {
  readonly attestations: readonly (Attested & { readonly metric: string })[];
  /** By control. */
  readonly alternatives: ReadonlyMap<string, Alternative>;
}

export function readSaid(records: readonly SignedRecord[]): Said {
  const inEffect = records.filter(({ supersededAt }) => supersededAt === null);
  return {
    attestations: inEffect.flatMap((record) => {
      const body = record.kind === 'attestation' ? AttestationSchema.safeParse(record.body).data : undefined;
      if (body === undefined) return [];
      const { metric, control, figure, statement, validUntil } = body;
      return [{ id: record.id, metric, control, figure, statement, validUntil, by: record.signedName, at: record.signedAt }];
    }),
    alternatives: new Map(
      inEffect.flatMap((record) => {
        const body = record.kind === 'alternative' ? AlternativeRecordSchema.safeParse(record.body).data : undefined;
        if (body === undefined) return [];
        return [[body.control, { id: record.id, effectiveFrom: body.effectiveFrom, reviewDue: record.reviewDue }] as const];
      }),
    ),
  };
}

/** The one that is for this control alone, else the one that is for all; of several of a kind the newest. */
export function pickAttested({ attestations }: Said, { control, metric }: { readonly control: string; readonly metric: string }): Attested | undefined {
  const about = attestations.filter((one) => one.metric === metric && (one.control === control || one.control === null));
  const own = about.filter((one) => one.control === control);
  return (own.length > 0 ? own : about).toSorted((a, b) => b.at.getTime() - a.at.getTime())[0];
}
