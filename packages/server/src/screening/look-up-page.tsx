/** The form for hashes, and what became of each of them. */
import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { FieldError } from '../platform/errors.ts';
import type { Principal } from '../platform/http/rights.ts';
import {
  Button,
  ErrorSummary,
  Form,
  formatCount,
  formatNumber,
  Inset,
  Radios,
  Table,
  Tag,
  TextArea,
  Title,
  type TagColour,
} from '../platform/ui/components.tsx';
import { renderPage } from '../platform/ui/page.tsx';
import type { LookUpHit, LookUpOutcome, LookUpReply, Signal, SignalResult } from './look-up-schema.ts';

export interface LookUpForm {
  readonly values: string;
  readonly type?: 'pdq' | 'sha256' | undefined;
}

export interface LookUpView {
  readonly form: LookUpForm;
  readonly errors?: readonly FieldError[];
  readonly answer?: { readonly reply: LookUpReply; readonly signals: readonly Signal[] };
}

const OUTCOMES: Readonly<Record<LookUpOutcome, { readonly text: string; readonly colour: TagColour }>> = {
  match: { text: 'On a list', colour: 'red' },
  no_match: { text: 'No match', colour: 'grey' },
  quality_too_low: { text: 'Quality too low', colour: 'yellow' },
};

export function renderLookUpPage({ form, errors = [], answer }: LookUpView, principal: Principal): string {
  return renderPage({
    title: 'Look up hashes',
    principal,
    current: 'match',
    hasErrors: errors.length > 0,
    children: (
      <>
        <ErrorSummary errors={errors} />
        <Title>Look up hashes</Title>
        {answer === undefined ? null : <Answer {...answer} principal={principal} />}
        <p>Compares hashes that you have with the lists in force. No picture is needed, nothing is kept, and no answer is a clearance.</p>
        <Form action="/console/match" principal={principal}>
          <TextArea
            name="values"
            label="Hashes, one a line"
            hint="Hexadecimal digits, such as md5:0123… or the digits alone. PDQ may have its quality behind it: pdq:89ab…:87"
            rows={6}
            value={form.values}
            error={errors.find(({ at }) => at === 'values')?.message}
          />
          <Radios
            name="type"
            label="64 digits without a type are"
            value={form.type ?? 'pdq'}
            choices={[
              { value: 'pdq', text: 'PDQ', hint: 'of the picture: also finds copies that look the same' },
              { value: 'sha256', text: 'SHA-256', hint: 'of the file: finds identical files' },
            ]}
          />
          <Button>Look up</Button>
        </Form>
      </>
    ),
  });
}

interface AnswerProps {
  readonly reply: LookUpReply;
  readonly signals: readonly Signal[];
  readonly principal: Principal;
}

/** One row for each hit, and one for each hash without. */
interface Row {
  readonly result: SignalResult;
  readonly signal: Signal | undefined;
  readonly hit?: LookUpHit;
}

function Answer({ reply, signals, principal }: AnswerProps): JSX.Element {
  const rows = reply.results.flatMap((result): Row[] => {
    const base = { result, signal: signals[result.index] };
    return result.hits.length === 0 ? [base] : result.hits.map((hit) => ({ ...base, hit }));
  });
  const cut = reply.results.filter(({ truncated }) => truncated);
  const matched = reply.results.filter(({ outcome }) => outcome === 'match').length;
  return (
    <section aria-labelledby="answer">
      <h2 id="answer">{matched === 0 ? 'No hash matched' : `${formatNumber(matched)} of ${formatCount(reply.results.length, 'hash', 'hashes')} matched`}</h2>
      <p>
        Compared with version {formatNumber(reply.listSetVersion)} of the list set, {formatCount(reply.activeLists, 'active list')}.
      </p>
      {reply.results.some(({ outcome }) => outcome === 'quality_too_low') ? (
        <Inset>
          “Quality too low” is not the same as no match: the picture is too plain for its hash to say anything, so it was not compared with every list.
        </Inset>
      ) : null}
      <Table
        caption="Hashes and what they matched"
        isCaptionHidden
        rows={rows}
        empty="Nothing was asked."
        columns={[
          { heading: 'Hash', isRowHeading: true, cell: ({ result, signal }) => describeSignal(result, signal) },
          { heading: 'Outcome', cell: ({ result }) => <Tag colour={OUTCOMES[result.outcome].colour}>{OUTCOMES[result.outcome].text}</Tag> },
          { heading: 'List', cell: ({ hit }) => (hit === undefined ? 'none' : linkTo(principal, `/console/lists/${hit.listId}`, hit.listName)) },
          { heading: 'Entry', cell: ({ hit }) => (hit === undefined ? 'none' : describeEntry(hit, principal)) },
          { heading: 'Distance', isNumeric: true, cell: ({ hit, result }) => describeDistance(hit, result) },
          { heading: 'Leads to', cell: ({ hit }) => hit?.disposition ?? 'nothing' },
        ]}
      />
      {cut.map((result) => (
        <p>
          Hash {result.index + 1}: {formatNumber(result.hits.length)} of {formatNumber(result.hitCount)} entries are shown.
        </p>
      ))}
    </section>
  );
}

/** Enough to recognise what was asked. */
function describeSignal(result: SignalResult, signal: Signal | undefined): Child {
  return (
    <>
      {formatNumber(result.index + 1)}: {result.type} <code>{signal?.value.slice(0, 8)}…</code>
    </>
  );
}

function describeEntry(hit: LookUpHit, principal: Principal): Child {
  return (
    <>
      {linkTo(principal, `/console/lists/${hit.listId}?after=${hit.entry - 1}#entries`, formatNumber(hit.entry))}
      {hit.reference === undefined ? null : ` (${hit.reference})`}
    </>
  );
}

function describeDistance(hit: LookUpHit | undefined, { type }: SignalResult): string {
  if (hit === undefined) return 'none';
  return type === 'pdq' ? `${hit.distance} of 256 bits` : 'identical';
}

function linkTo(principal: Principal, href: string, text: string): Child {
  return principal.rights.has('lists:read') ? <a href={href}>{text}</a> : text;
}
