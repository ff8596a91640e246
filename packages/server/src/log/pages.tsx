/** The console's page of the log: what stands in it, whether it is signed, and proofs to hand out. */
import type { Child } from 'hono/jsx';
import { z } from 'zod';
import { html, Reply, seeOther } from '../platform/http/reply.ts';
import type { Principal } from '../platform/http/rights.ts';
import { definePage, type Route } from '../platform/http/route.ts';
import {
  Button,
  CodeBlock,
  Details,
  Form,
  formatNumber,
  NotificationBanner,
  Pagination,
  SummaryList,
  Table,
  Time,
  Title,
  Warning,
} from '../platform/ui/components.tsx';
import { renderPage } from '../platform/ui/page.tsx';
import { ChecksPart, readChecks, type ChecksView } from './completeness-part.tsx';
import type { EntryView, LogStatus } from './schema.ts';
import { WitnessPart, witnessPages } from './witness-part.tsx';
import type { WitnessView } from './witness-schema.ts';
import type { LogService } from './service.ts';

const SHOWN = 50;
const IndexParams = z.object({ index: z.coerce.number().int().min(0) });
/** What the page says after a button. */
const DONE = ['signed', 'asked', 'stamped'] as const;
const DONE_TEXTS = {
  signed: 'A checkpoint stands for everything so far.',
  asked: 'All witnesses were asked. What each of them answered stands below.',
  stamped: 'A time stamp stands for everything so far.',
} as const;
const FORMS = ['proof', 'entry'] as const;

export function pages(service: LogService): readonly Route[] {
  return [
    definePage({
      method: 'get',
      path: '/console/log',
      right: 'log:read',
      summary: 'The transparency log',
      query: z.object({ before: z.coerce.number().int().min(0).optional().catch(undefined), done: z.enum(DONE).optional().catch(undefined) }),
      async handle({ query, principal }) {
        const { before = Number.MAX_SAFE_INTEGER, done } = query;
        const [status, entries] = [await service.status(), await service.entries({ before, limit: SHOWN })];
        const checks = await readChecks(service);
        return html(
          renderLogPage(
            { status, checks, entries, witness: await service.outside.witness.describe(), isFirstPage: query.before === undefined, done },
            principal,
          ),
        );
      },
    }),
    definePage({
      method: 'post',
      path: '/console/log/checkpoint',
      right: 'log:manage',
      summary: 'Sign a checkpoint',
      body: z.object({}),
      async handle() {
        await service.checkpoint();
        return seeOther('/console/log?done=signed');
      },
    }),
    ...witnessPages(service.outside),
    ...FORMS.map((form) =>
      definePage({
        method: 'get',
        path: `/console/log/entries/{index}/${form}`,
        right: 'log:read',
        summary: form === 'proof' ? 'A proof, as a file' : 'An entry, as a file',
        params: IndexParams,
        async handle({ params }) {
          const { index, entry, proof } = await service.prove(params.index);
          const name = `entry-${index}.${form === 'proof' ? 'tlog-proof' : 'json'}`;
          const type = form === 'proof' ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8';
          return new Reply(form === 'proof' ? proof : entry, { headers: { 'content-type': type, 'content-disposition': `attachment; filename="${name}"` } });
        },
      }),
    ),
  ];
}

interface LogView {
  readonly status: LogStatus;
  readonly checks: ChecksView;
  readonly entries: readonly EntryView[];
  readonly isFirstPage: boolean;
  readonly witness: WitnessView;
  readonly done: (typeof DONE)[number] | undefined;
}

function renderLogPage({ status, checks, entries, witness, isFirstPage, done }: LogView, principal: Principal): string {
  const last = entries.at(-1)?.index ?? 0;
  return renderPage({
    title: 'Log',
    principal,
    current: 'log',
    children: (
      <>
        {done === undefined ? null : <NotificationBanner kind="success">{DONE_TEXTS[done]}</NotificationBanner>}
        <Title>Transparency log</Title>
        {status.isConsistent ? null : (
          <Warning>
            The database does not continue what was signed: it was rolled back, cut off or changed. Nothing more is signed. See the page Health.
          </Warning>
        )}
        <p>What Gatehouse did, as entries that can be added and never changed unseen. Others can check it without trusting this installation.</p>
        <SummaryList rows={describeStatus(status)} />
        {principal.rights.has('log:manage') && status.isConsistent ? (
          <Form action="/console/log/checkpoint" principal={principal}>
            <Button>Sign a checkpoint now</Button>
          </Form>
        ) : null}
        <Details summary="The key with which others check">
          <p>Give it to whoever should be able to check, by a way of its own.</p>
          <CodeBlock label="Verifier key" isCopyable>
            {status.verifierKey}
          </CodeBlock>
        </Details>
        <WitnessPart view={status.outside} size={status.size} witness={witness} principal={principal} />
        <ChecksPart {...checks} />
        <h2>Entries</h2>
        <Table
          caption="Entries, newest first"
          isCaptionHidden
          rows={entries}
          empty="Nothing happened yet."
          columns={[
            { heading: 'Place', isRowHeading: true, cell: ({ index }) => formatNumber(index) },
            { heading: 'When', cell: ({ record, entry }) => (record === null ? entry.at : <Time iso={record.at} />) },
            { heading: 'What', cell: ({ entry }) => entry.kind.replaceAll(/[._]/g, ' ') },
            { heading: 'Record', cell: ({ record }) => describeRecord(record) },
            { heading: 'For others', cell: ({ index }) => proofLinks(index) },
          ]}
        />
        <Pagination
          label="Pages of entries"
          previous={isFirstPage ? undefined : '/console/log'}
          previousText="Newest entries"
          next={last > 0 ? `/console/log?before=${last}` : undefined}
        />
      </>
    ),
  });
}

function describeStatus({ origin, size, pending, checkpoint }: LogStatus): { readonly key: string; readonly value: Child }[] {
  return [
    { key: 'Name', value: <code>{origin}</code> },
    { key: 'Entries', value: formatNumber(size) },
    { key: 'Waiting for their place', value: formatNumber(pending) },
    {
      key: 'Last checkpoint',
      value:
        checkpoint === null ? (
          'none yet; one is signed every minute in which something happened'
        ) : (
          <>
            {formatNumber(checkpoint.size)} entries, <Time iso={checkpoint.at} />
          </>
        ),
    },
  ];
}

function describeRecord(record: EntryView['record']): Child {
  if (record === null) return 'erased';
  return Object.entries(record.body).map(([name, value]) => (
    <div>
      {name}: <code>{String(value)}</code>
    </div>
  ));
}

function proofLinks(index: number): Child {
  return (
    <>
      <a href={`/console/log/entries/${index}/proof`}>
        Proof<span class="visually-hidden"> of entry {index}</span>
      </a>{' '}
      <a href={`/console/log/entries/${index}/entry`}>
        Entry<span class="visually-hidden"> {index}</span>
      </a>
    </>
  );
}
