/** One change, or an import: what it says, what it said before, and what may be done with it. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { FieldError } from '../../platform/errors.ts';
import type { Principal } from '../../platform/http/rights.ts';
import {
  Button,
  Details,
  ErrorSummary,
  Field,
  Form,
  Inset,
  LinkButton,
  NotificationBanner,
  SummaryList,
  Table,
  Tag,
  Time,
  Title,
} from '../../platform/ui/components.tsx';
import type { KeptChange } from '../model/schema.ts';
import { changePath, formPath, REVIEW } from './addresses.ts';
import { KIND_WORDS } from './field-rules.ts';
import { compareChanges, describeChange } from './form-rules.ts';
import { renderRegisterPage } from './frame.tsx';
import { DONE_WORDS, STATE_TAGS, type Done } from './review-page.tsx';

export interface ChangeView {
  /** Of the change, or of the import. */
  readonly id: string;
  readonly changes: readonly { readonly change: KeptChange; readonly before: KeptChange | undefined }[];
  readonly done: Done | undefined;
  readonly errors: readonly FieldError[];
}

/** More of an import is not shown at once. */
const SHOWN_MAX = 50;

export function renderChangePage({ id, changes, done, errors }: ChangeView, principal: Principal): string {
  const [first] = changes;
  const isImport = first?.change.batch !== null && first?.change.batch === id;
  const title = isImport ? `Import of ${changes.length} changes` : first === undefined ? 'Change' : KIND_WORDS[first.change.change.kind].title;
  return renderRegisterPage({
    title,
    principal,
    section: 'review',
    breadcrumbs: [{ text: 'Drafts and review', href: REVIEW }],
    hasErrors: errors.length > 0,
    children: (
      <>
        <ErrorSummary errors={errors} />
        {done === undefined ? null : <NotificationBanner kind="success">{DONE_WORDS[done]}</NotificationBanner>}
        <Title caption={isImport ? 'Import' : 'Change'}>{title}</Title>
        {first === undefined ? null : <Facts change={first.change} />}
        {changes.slice(0, SHOWN_MAX).map((one) => (
          <Differences {...one} isOpen={!isImport} />
        ))}
        {changes.length > SHOWN_MAX ? <p>The first {SHOWN_MAX} are shown. The API has all of them: GET /v1/register/changes.</p> : null}
        {first === undefined ? null : <Steps id={id} change={first.change} isImport={isImport} errors={errors} principal={principal} />}
      </>
    ),
  });
}

function Facts({ change }: { readonly change: KeptChange }): JSX.Element {
  const tag = STATE_TAGS[change.state];
  return (
    <SummaryList
      rows={[
        { key: 'State', value: <Tag colour={tag.colour}>{tag.text}</Tag> },
        {
          key: 'Proposed',
          value: (
            <>
              {change.madeBy}, <Time iso={change.madeAt.toISOString()} />
            </>
          ),
        },
        change.publishedAt === null
          ? undefined
          : {
              key: 'Published',
              value: (
                <>
                  {change.reviewedBy}, <Time iso={change.publishedAt.toISOString()} />
                </>
              ),
            },
        change.reason === null ? undefined : { key: 'Rejected', value: `${change.reviewedBy ?? ''}: ${change.reason}` },
        { key: 'Digest', value: <code>{change.digest}</code> },
      ]}
    />
  );
}

interface DifferencesProps {
  readonly change: KeptChange;
  readonly before: KeptChange | undefined;
  readonly isOpen: boolean;
}

function Differences({ change, before, isOpen }: DifferencesProps): JSX.Element {
  const rows = compareChanges(before?.change, change.change);
  const caption = `${KIND_WORDS[change.change.kind].title}. ${describeChange(change.change)}`;
  const table = (
    <Table
      caption={caption}
      isCaptionHidden={!isOpen}
      rows={rows}
      empty="It says nothing."
      columns={
        before === undefined
          ? [
              { heading: 'What', isRowHeading: true, cell: ({ label }) => label },
              { heading: 'New', cell: ({ after }) => <Lines text={after} /> },
            ]
          : [
              { heading: 'What', isRowHeading: true, cell: ({ label }) => label },
              {
                heading: 'Before',
                cell: (row) =>
                  row.isChanged ? (
                    <del>
                      <Lines text={row.before} />
                    </del>
                  ) : (
                    <Lines text={row.before} />
                  ),
              },
              {
                heading: 'New',
                cell: (row) =>
                  row.isChanged ? (
                    <ins>
                      <Lines text={row.after} />
                    </ins>
                  ) : (
                    'as before'
                  ),
              },
            ]
      }
    />
  );
  return isOpen ? table : <Details summary={caption}>{table}</Details>;
}

function Lines({ text }: { readonly text: string }): JSX.Element {
  return text === '' ? <span class="quiet">nothing</span> : <span class="lines">{text}</span>;
}

interface StepsProps {
  readonly id: string;
  readonly change: KeptChange;
  readonly isImport: boolean;
  readonly errors: readonly FieldError[];
  readonly principal: Principal;
}

function Steps(props: StepsProps): JSX.Element | null {
  const { id, change, isImport, principal } = props;
  if (change.state !== 'draft' && change.state !== 'in_review') return null;
  if (change.batch !== null && !isImport)
    return (
      <Inset>
        It came with an import and is decided with it: <a href={changePath(change.batch)}>the import</a>.
      </Inset>
    );
  const isMaker = change.madeBy === principal.id;
  return (
    <>
      {change.state === 'draft' ? <Submit id={id} principal={principal} /> : <Publish {...props} isMaker={isMaker} />}
      {isMaker && !isImport ? (
        <p>
          <LinkButton href={formPath(change.change.kind, { about: change.subject, from: id })} kind="secondary">
            Propose it again with other words
          </LinkButton>
        </p>
      ) : null}
      {isMaker || principal.rights.has('register:review') ? <Reject {...props} isMaker={isMaker} /> : null}
    </>
  );
}

function Submit({ id, principal }: Pick<StepsProps, 'id' | 'principal'>): JSX.Element {
  return (
    <Form action={`${changePath(id)}/submit`} principal={principal}>
      <Button>Submit for review</Button>
    </Form>
  );
}

type ReviewProps = StepsProps & { readonly isMaker: boolean };

function Publish({ id, principal, isMaker }: ReviewProps): JSX.Element | null {
  if (isMaker) return <Inset>You proposed it, so somebody else publishes it.</Inset>;
  if (!principal.rights.has('register:review')) return null;
  return (
    <Form action={`${changePath(id)}/publish`} principal={principal}>
      <Button>Publish</Button>
    </Form>
  );
}

function Reject({ id, errors, principal, isMaker }: ReviewProps): JSX.Element {
  return (
    <Form action={`${changePath(id)}/${isMaker ? 'withdraw' : 'reject'}`} principal={principal}>
      <Field name="reason" label={isMaker ? 'Why it is withdrawn' : 'Why it is rejected'} error={errors.find(({ at }) => at === 'reason')?.message} />
      <Button kind="warning">{isMaker ? 'Withdraw' : 'Reject'}</Button>
    </Form>
  );
}
