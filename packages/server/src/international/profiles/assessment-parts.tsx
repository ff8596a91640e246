/** The table of the 21 capabilities, and how one assessment is shown: never without who, how much of it, evidence, age and the reply. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import { formatCount, Table, Tag, type Column } from '../../platform/ui/components.tsx';
import type { Assessment, CapabilityView, CountryView } from './schema.ts';
import { COUNTRIES } from './statement-parts.tsx';

export const ASSESSMENTS = '/console/international/assessments';

interface CapabilityTableProps {
  readonly country: CountryView;
  readonly phases: readonly string[];
  readonly canManage: boolean;
}

export function CapabilityTable({ country, phases, canManage }: CapabilityTableProps): JSX.Element {
  const columns: Column<CapabilityView>[] = [
    {
      heading: 'Capability',
      isRowHeading: true,
      cell: ({ capability, title, wording }) => (
        <>
          {capability}. {title}
          <br />
          <span class="hint">{wording}</span>
        </>
      ),
    },
    { heading: 'Phase', cell: (one) => <Phase view={one} phases={phases} /> },
    { heading: 'By whom', cell: ({ assessment }) => (assessment === null ? '' : describeAssessor(assessment)) },
    { heading: 'Evidence', cell: ({ assessment }) => (assessment === null ? '' : describeEvidence(assessment)) },
    { heading: 'Reply', cell: ({ assessment }) => assessment?.reply?.by ?? '' },
  ];
  if (canManage)
    columns.push({
      heading: 'Work on it',
      cell: ({ capability, title, pending }) =>
        pending === null ? (
          <a href={`${COUNTRIES}/${country.code}/assess/${capability}`}>
            Assess<span class="visually-hidden"> {title}</span>
          </a>
        ) : (
          <a href={`${ASSESSMENTS}/${pending.id}`}>
            {STATE_WORDS[pending.state]}
            <span class="visually-hidden"> of {title}</span>
          </a>
        ),
    });
  return <Table caption="Capabilities of the Model National Response" isCaptionHidden rows={country.capabilities} empty="" columns={columns} />;
}

function Phase({ view: { assessment, title }, phases }: { readonly view: CapabilityView; readonly phases: readonly string[] }): JSX.Element {
  if (assessment === null) return <Tag>Not assessed</Tag>;
  return (
    <>
      <a href={`${ASSESSMENTS}/${assessment.id}`}>
        {phases[assessment.phase] ?? `phase ${assessment.phase}`}
        <span class="visually-hidden"> in {title}</span>
      </a>{' '}
      {assessment.state === 'disputed' ? <Tag colour="yellow">Disputed</Tag> : null}
    </>
  );
}

const KIND_WORDS: Readonly<Record<Assessment['assessor']['kind'], string>> = {
  self: 'itself',
  peer: 'a peer',
  independent: 'independent',
  desk: 'from a desk',
};

export const STATE_WORDS: Readonly<Record<Assessment['state'], string>> = {
  draft: 'Draft',
  reviewed: 'Reviewed',
  published: 'Published',
  disputed: 'Disputed',
  superseded: 'Superseded',
};

export function describeAssessor({ assessor, madeAt }: Assessment): string {
  return `${assessor.organisation} (${KIND_WORDS[assessor.kind]}), ${madeAt.toISOString().slice(0, 10)}`;
}

export function describeEvidence({ claims, coverage }: Assessment): string {
  const references = claims.reduce((count, { evidence }) => count + evidence.length, 0);
  return `${formatCount(claims.length, 'claim')}, ${formatCount(references, 'reference')}; ${Math.round(coverage * 100)}% of the indicators answered`;
}
