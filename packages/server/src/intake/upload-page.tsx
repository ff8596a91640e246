/** One upload: its state, the explanation of its verdict, its receipt and callbacks; and the look at held content. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Principal } from '../platform/http/rights.ts';
import {
  Button,
  ButtonGroup,
  CodeBlock,
  Details,
  Form,
  formatBytes,
  Inset,
  LinkButton,
  SummaryList,
  Table,
  Tag,
  Time,
  Title,
  Warning,
  type TagColour,
} from '../platform/ui/components.tsx';
import { renderPage } from '../platform/ui/page.tsx';
import { DispositionTag, ScreeningExplanation } from './explanation.tsx';
import type { CallbackView, LookView, UploadState, UploadView } from './schema.ts';

export const STATE_WORDS: Readonly<Record<UploadState, { readonly text: string; readonly colour: TagColour }>> = {
  created: { text: 'Waiting for content', colour: 'grey' },
  receiving: { text: 'Receiving', colour: 'grey' },
  received: { text: 'Waiting to be screened', colour: 'purple' },
  scanning: { text: 'Being screened', colour: 'purple' },
  released: { text: 'Released', colour: 'green' },
  held: { text: 'Held', colour: 'blue' },
  refused: { text: 'Refused', colour: 'red' },
  expired: { text: 'Expired', colour: 'grey' },
  deleted: { text: 'Deleted', colour: 'grey' },
};
/** These change by themselves in a moment. */
const UNDECIDED: ReadonlySet<UploadState> = new Set(['created', 'receiving', 'received', 'scanning']);
const CRUMBS = [{ text: 'Uploads', href: '/console/uploads' }];

export function StateTag({ state }: { readonly state: UploadState }): JSX.Element {
  return <Tag colour={STATE_WORDS[state].colour}>{STATE_WORDS[state].text}</Tag>;
}

export interface UploadPageView {
  readonly upload: UploadView;
  /** Undefined when the person may not see them. */
  readonly callbacks: readonly CallbackView[] | undefined;
  /** Whether this installation can draw held pictures at all. */
  readonly canView: boolean;
  /** Undefined when the person may not see them. */
  readonly looks: readonly LookView[] | undefined;
}

export function renderUploadPage({ upload, callbacks, canView, looks }: UploadPageView, principal: Principal): string {
  const isUndecided = UNDECIDED.has(upload.state);
  return renderPage({
    title: `Upload ${upload.reference ?? upload.id}`,
    principal,
    current: 'uploads',
    breadcrumbs: CRUMBS,
    islands: isUndecided ? ['live'] : [],
    children: (
      <>
        <Title caption="Upload">{upload.reference ?? upload.id}</Title>
        <p id="live-status" role="status" class="visually-hidden"></p>
        <div data-live={isUndecided ? 'waiting' : 'final'} data-state={STATE_WORDS[upload.state].text}>
          <Facts upload={upload} />
          {isUndecided ? (
            <p>
              This page brings itself up to date. Without JavaScript, <a href={`/console/uploads/${upload.id}`}>load it again</a>.
            </p>
          ) : null}
          {upload.screening === undefined ? null : (
            <>
              <h2>Why</h2>
              <ScreeningExplanation screening={upload.screening} />
            </>
          )}
          {upload.state === 'held' ? <HeldContent upload={upload} canView={canView} principal={principal} /> : null}
          {upload.receipt === undefined ? null : <Receipt receipt={upload.receipt} />}
        </div>
        {looks === undefined || looks.length === 0 ? null : <Looks looks={looks} />}
        {callbacks === undefined ? null : <Callbacks callbacks={callbacks} />}
      </>
    ),
  });
}

function Facts({ upload }: { readonly upload: UploadView }): JSX.Element {
  return (
    <SummaryList
      rows={[
        { key: 'State', value: <StateTag state={upload.state} /> },
        upload.disposition === undefined ? undefined : { key: 'Decision', value: <DispositionTag disposition={upload.disposition} /> },
        { key: 'What the uploader may be told', value: upload.message },
        { key: 'Id', value: <code>{upload.id}</code> },
        upload.surface === undefined ? undefined : { key: 'Came over', value: upload.surface },
        upload.reference === undefined ? undefined : { key: 'Reference', value: upload.reference },
        upload.sizeBytes === undefined ? undefined : { key: 'Size', value: formatBytes(upload.sizeBytes) },
        upload.mediaType === undefined ? undefined : { key: 'Media type', value: upload.mediaType },
        upload.sha256 === undefined ? undefined : { key: 'SHA-256', value: <code>{upload.sha256}</code> },
        { key: 'Created', value: <Time iso={upload.createdAt} /> },
        { key: 'Decided', value: <Time iso={upload.decidedAt} /> },
        { key: 'Expires', value: <Time iso={upload.expiresAt} /> },
        upload.attempts < 2 ? undefined : { key: 'Attempts to screen', value: String(upload.attempts) },
      ]}
    />
  );
}

function Receipt({ receipt }: { readonly receipt: string }): JSX.Element {
  return (
    <>
      <h2>Receipt</h2>
      <p>
        Whoever publishes checks it against the content: <code>POST /v1/receipts/verify</code>, or offline with the public key.
      </p>
      <Details summary="Show the receipt">
        <CodeBlock label="Receipt" isCopyable>
          {receipt}
        </CodeBlock>
      </Details>
    </>
  );
}

function Looks({ looks }: { readonly looks: readonly LookView[] }): JSX.Element {
  return (
    <Table
      caption="Looks at this content"
      rows={looks}
      empty="Nobody looked at it."
      columns={[
        { heading: 'When', isRowHeading: true, cell: (look) => <Time iso={look.at} /> },
        { heading: 'Who', cell: (look) => <code>{look.actor}</code> },
        { heading: 'How', cell: (look) => (look.isBlurred ? 'blurred and grey' : 'clearly') },
      ]}
    />
  );
}

function Callbacks({ callbacks }: { readonly callbacks: readonly CallbackView[] }): JSX.Element {
  return (
    <>
      <h2>Callbacks</h2>
      <Table
        caption="Callbacks of this upload"
        isCaptionHidden
        rows={callbacks}
        empty="No callback was asked for, or none is due yet."
        columns={[
          { heading: 'Callback', isRowHeading: true, cell: (callback) => <code>{callback.id}</code> },
          {
            heading: 'State',
            cell: (callback) => <Tag colour={callback.state === 'delivered' ? 'green' : callback.state === 'dead' ? 'red' : 'purple'}>{callback.state}</Tag>,
          },
          { heading: 'Attempts', isNumeric: true, cell: (callback) => String(callback.attempts) },
          { heading: 'Last answer', cell: (callback) => callback.lastStatus ?? callback.lastFault ?? 'none yet' },
          { heading: 'Next attempt', cell: (callback) => (callback.nextAttemptAt === undefined ? 'none' : <Time iso={callback.nextAttemptAt} />) },
        ]}
      />
    </>
  );
}

interface HeldProps {
  readonly upload: UploadView;
  readonly canView: boolean;
  readonly principal: Principal;
}

function HeldContent({ upload, canView, principal }: HeldProps): JSX.Element {
  return (
    <>
      <h2>Held content</h2>
      <HeldChoice upload={upload} canView={canView} principal={principal} />
    </>
  );
}

function HeldChoice({ upload, canView, principal }: HeldProps): JSX.Element {
  if (!canView || upload.mediaType?.startsWith('image/') !== true)
    return (
      <Inset>
        <p>It cannot be shown here: {canView ? 'it is not a picture that could be read' : 'this installation cannot draw previews'}.</p>
      </Inset>
    );
  if (principal.kind !== 'session' || !principal.rights.has('held:view'))
    return (
      <Inset>
        <p>
          It is not shown. A person with the right <code>held:view</code> can look at it.
        </p>
      </Inset>
    );
  return (
    <>
      <p>
        You need not look to follow the explanation above. If you do, the picture is first shown blurred and grey. Each look is recorded: who looked, and when.
      </p>
      <Form action={`/console/uploads/${upload.id}/view`} principal={principal}>
        <Button kind="secondary" name="clarity" value="blurred">
          Show it blurred and grey
        </Button>
      </Form>
    </>
  );
}

export type Clarity = 'blurred' | 'clear';

export interface PreviewView {
  readonly upload: UploadView;
  readonly clarity: Clarity;
  /** Where the re-encoded picture is, for a few minutes. */
  readonly pictureUrl: string;
}

export function renderPreviewPage({ upload, clarity, pictureUrl }: PreviewView, principal: Principal): string {
  const isBlurred = clarity === 'blurred';
  return renderPage({
    title: isBlurred ? 'Held content, blurred' : 'Held content, clear',
    principal,
    current: 'uploads',
    breadcrumbs: [...CRUMBS, { text: upload.reference ?? upload.id, href: `/console/uploads/${upload.id}` }],
    children: (
      <>
        <Title caption="Held content">{isBlurred ? 'Blurred and grey' : 'Shown clearly'}</Title>
        <img class="preview" src={pictureUrl} alt={isBlurred ? 'Held picture, blurred and without colour' : 'Held picture'} />
        <ButtonGroup>
          <LinkButton href={`/console/uploads/${upload.id}`}>Hide it</LinkButton>
        </ButtonGroup>
        {isBlurred ? (
          <>
            <h2>Show it clearly</h2>
            <Warning>It may be distressing. Look only if your task needs it; this look is recorded too.</Warning>
            <Form action={`/console/uploads/${upload.id}/view`} principal={principal}>
              <Button kind="warning" name="clarity" value="clear">
                Show it clearly
              </Button>
            </Form>
          </>
        ) : null}
      </>
    ),
  });
}
