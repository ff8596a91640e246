/** The part of the log's page about outsiders: witnesses, time stamps, and the logs that are cosigned here. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import { z } from 'zod';
import { seeOther } from '../platform/http/reply.ts';
import type { Principal } from '../platform/http/rights.ts';
import { definePage, type Route } from '../platform/http/route.ts';
import { Button, CodeBlock, Details, Form, formatNumber, Table, Tag, Time, Warning } from '../platform/ui/components.tsx';
import type { Outside } from './outside.ts';
import { COSIGNER_FAULTS, isAboutHistory, type Cosigner, type OutsideView, type WitnessedLog, type WitnessView } from './witness-schema.ts';

/** Targets of the part's buttons. */
export function witnessPages({ cosigners, stamps }: Outside): readonly Route[] {
  return [
    definePage({
      method: 'post',
      path: '/console/log/cosign',
      right: 'log:manage',
      summary: 'Ask the witnesses',
      body: z.object({}),
      async handle({ signal }) {
        await cosigners.askAll(signal);
        return seeOther('/console/log?done=asked');
      },
    }),
    definePage({
      method: 'post',
      path: '/console/log/stamp',
      right: 'log:manage',
      summary: 'Have a checkpoint stamped',
      body: z.object({}),
      async handle({ signal }) {
        await stamps.stamp(signal);
        return seeOther('/console/log?done=stamped');
      },
    }),
  ];
}

interface PartProps {
  readonly view: OutsideView;
  readonly size: number;
  readonly witness: WitnessView;
  readonly principal: Principal;
}

export function WitnessPart({ view, size, witness, principal }: PartProps): JSX.Element {
  const { cosigners, stamping, anchoredUpTo } = view;
  const contradicting = cosigners.filter(({ failure }) => isAboutHistory(failure));
  const mayManage = principal.rights.has('log:manage');
  return (
    <>
      <h2>Seen by outsiders</h2>
      {contradicting.map(({ name, failure }) => (
        <Warning>
          The witness {name} contradicts this log. {failure === null ? '' : COSIGNER_FAULTS[failure]}
        </Warning>
      ))}
      <p>{describeReach({ anchoredUpTo, size, isAlone: cosigners.length === 0 && !stamping.isConfigured })}</p>
      {cosigners.length === 0 ? null : <CosignersTable cosigners={cosigners} />}
      {cosigners.length > 0 && mayManage ? (
        <Form action="/console/log/cosign" principal={principal}>
          <Button kind="secondary">Ask the witnesses now</Button>
        </Form>
      ) : null}
      <StampLine stamping={stamping} />
      {stamping.isConfigured && mayManage ? (
        <Form action="/console/log/stamp" principal={principal}>
          <Button kind="secondary">Have it stamped now</Button>
        </Form>
      ) : null}
      {witness.logs.length === 0 ? null : <WitnessedPart witness={witness} />}
    </>
  );
}

function describeReach({ anchoredUpTo, size, isAlone }: { readonly anchoredUpTo: number; readonly size: number; readonly isAlone: boolean }): string {
  if (anchoredUpTo === 0 && isAlone)
    return 'No witness is asked and no time stamps are made. That the log was not rewritten as a whole can only be seen from copies that somebody else keeps.';
  if (anchoredUpTo === 0) return 'No outsider has seen the log yet.';
  const rest = size > anchoredUpTo ? ' The later ones rest on the word of this log alone, until the next time.' : '';
  return `Outsiders have seen the first ${formatNumber(anchoredUpTo)} of ${formatNumber(size)} entries: they cannot be changed without an outsider knowing.${rest}`;
}

function CosignersTable({ cosigners }: { readonly cosigners: readonly Cosigner[] }): JSX.Element {
  return (
    <Table
      caption="Witnesses of this log"
      rows={cosigners}
      empty="None."
      columns={[
        { heading: 'Witness', isRowHeading: true, cell: ({ name }) => <code>{name}</code> },
        { heading: 'Entries cosigned', isNumeric: true, cell: ({ size }) => (size === null ? 'none yet' : formatNumber(size)) },
        { heading: 'When', cell: ({ cosignedAt }) => <Time iso={cosignedAt ?? undefined} /> },
        { heading: 'State', cell: (cosigner) => <CosignerState {...cosigner} /> },
      ]}
    />
  );
}

function CosignerState({ failure, failingSince, cosignedAt }: Cosigner): JSX.Element {
  if (failure === null) return cosignedAt === null ? <Tag>Not asked yet</Tag> : <Tag colour="green">Cosigns</Tag>;
  return (
    <>
      <Tag colour={isAboutHistory(failure) ? 'red' : 'yellow'}>{isAboutHistory(failure) ? 'Contradicts' : 'Fails'}</Tag> since{' '}
      <Time iso={failingSince ?? undefined} />. {COSIGNER_FAULTS[failure]}
    </>
  );
}

function StampLine({ stamping: { isConfigured, last, failure, failingSince } }: { readonly stamping: OutsideView['stamping'] }): JSX.Element | null {
  if (!isConfigured && last === null) return null;
  return (
    <p>
      {last === null ? (
        'No time stamp yet.'
      ) : (
        <>
          Last time stamp: {formatNumber(last.size)} entries, <Time iso={last.at} />, by {last.authority}.
        </>
      )}
      {failure === null ? null : (
        <>
          {' '}
          <Tag colour="yellow">Fails</Tag> since <Time iso={failingSince ?? undefined} />. {failure}
        </>
      )}
    </p>
  );
}

function WitnessedPart({ witness: { logs, verifierKey } }: { readonly witness: WitnessView }): JSX.Element {
  return (
    <>
      <Table
        caption="Logs of others that are cosigned here"
        rows={logs}
        empty="None."
        columns={[
          { heading: 'Log', isRowHeading: true, cell: ({ origin }) => <code>{origin}</code> },
          { heading: 'Entries cosigned', isNumeric: true, cell: ({ size }) => formatNumber(size) },
          { heading: 'When', cell: ({ cosignedAt }) => <Time iso={cosignedAt ?? undefined} /> },
          { heading: 'Refused', cell: (log) => <Refusal {...log} /> },
        ]}
      />
      <Details summary="The key of this witness">
        <p>Give it to the operators of these logs.</p>
        <CodeBlock label="Verifier key of the witness" isCopyable>
          {verifierKey}
        </CodeBlock>
      </Details>
    </>
  );
}

function Refusal({ refused }: WitnessedLog): JSX.Element {
  if (refused === null) return <>nothing</>;
  return (
    <>
      {refused.why === 'fork' ? <Tag colour="red">Two histories</Tag> : 'A checkpoint whose proof does not hold'}, <Time iso={refused.at} />
    </>
  );
}
