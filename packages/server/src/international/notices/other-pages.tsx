/** The form to report an address, a notice to read or print, a reply to read. */
import type { FieldError } from '../../platform/errors.ts';
import type { Principal } from '../../platform/http/rights.ts';
import {
  Button,
  ButtonGroup,
  CodeBlock,
  Details,
  ErrorSummary,
  Field,
  Form,
  Inset,
  LinkButton,
  Select,
  SummaryList,
  TextArea,
  Time,
  Title,
  Warning,
} from '../../platform/ui/components.tsx';
import { renderInternationalPage } from '../pages/frame.tsx';
import { HandoverSheet } from './formats/handover-sheet.tsx';
import { LIST_PATH } from './list-page.tsx';
import { CLASSIFICATIONS, OUTCOMES, type DraftText, type KeptReply, type Notice } from './schema.ts';
import { CLASS_WORDS, DETECTION_WORDS, NOTICE_WORDS, OUTCOME_WORDS, SCOPE_WORDS } from './words.ts';

const CRUMBS = [{ text: 'Notices', href: LIST_PATH }];

export interface NewReportView {
  readonly sent: Readonly<Record<string, string>>;
  readonly errors: readonly FieldError[];
}

export function renderNewPage({ sent, errors }: NewReportView, principal: Principal): string {
  const faultOf = (name: string): string | undefined => errors.find(({ at }) => at === name)?.message;
  return renderInternationalPage({
    title: 'Report an address',
    principal,
    section: 'notices',
    breadcrumbs: CRUMBS,
    hasErrors: errors.length > 0,
    children: (
      <>
        <ErrorSummary errors={errors} />
        <Title>Report an address</Title>
        <p>The address is sealed as soon as it is sent. Nothing is fetched from it: name servers and registries are asked where it is hosted.</p>
        <Form action={`${LIST_PATH}/new`} principal={principal}>
          <Field
            name="url"
            label="Address"
            hint="The whole address of the item, with http:// or https://"
            error={faultOf('url')}
            value={sent['url']}
            maxlength={4096}
          />
          <Select
            name="classification"
            label="Assessed as"
            value={sent['classification'] ?? 'not_assessed'}
            error={faultOf('classification')}
            choices={CLASSIFICATIONS.map((value) => ({ value, text: CLASS_WORDS[value] }))}
          />
          <TextArea
            name="basis"
            label="By whom, and under which law"
            hint="No description of the content"
            error={faultOf('basis')}
            value={sent['basis']}
            rows={3}
          />
          <Select
            name="detection"
            label="How it was found"
            value={sent['detection'] ?? 'manual_review'}
            choices={Object.entries(DETECTION_WORDS).map(([value, text]) => ({ value, text }))}
          />
          <Select
            name="mediaType"
            label="Kind"
            value={sent['mediaType'] ?? ''}
            choices={[{ value: '', text: 'not known' }, ...['image', 'video', 'audio', 'text', 'mixed'].map((value) => ({ value, text: value }))]}
          />
          <Field name="sha256" label="SHA-256 of the content, if it is known" error={faultOf('sha256')} value={sent['sha256']} maxlength={64} />
          <Field name="reference" label="Your own reference, if you have one" error={faultOf('reference')} value={sent['reference']} maxlength={200} />
          <Button>Report</Button>
        </Form>
      </>
    ),
  });
}

export interface NoticePageView {
  readonly reportId: string;
  readonly notice: Notice;
  readonly draft: DraftText;
}

export function renderNoticePage({ reportId, notice, draft }: NoticePageView, principal: Principal): string {
  const path = `${LIST_PATH}/${reportId}/notices/${notice.id}`;
  return renderInternationalPage({
    title: `Notice ${notice.id}`,
    principal,
    section: 'notices',
    breadcrumbs: [...CRUMBS, { text: reportId, href: `${LIST_PATH}/${reportId}` }],
    children: (
      <>
        {draft.sheet === null ? (
          <>
            <Title caption={`Notice to ${SCOPE_WORDS[notice.scope]}`}>{draft.subject}</Title>
            <SummaryList
              rows={[
                {
                  key: 'To',
                  value: <span class="breakable">{`${notice.recipient.name}, ${notice.recipient.email ?? notice.recipient.url ?? 'no mailbox'}`}</span>,
                },
                { key: 'State', value: NOTICE_WORDS[notice.state] },
                { key: 'Number', value: notice.sequence },
              ]}
            />
            <CodeBlock label="Text of the notice">{draft.text}</CodeBlock>
          </>
        ) : (
          <HandoverSheet content={draft.sheet} />
        )}
        {draft.json.map((part, i) => (
          <Details summary={`For machines: part ${i + 1} of ${draft.json.length}`}>
            <CodeBlock label={`Part ${i + 1} for machines`}>{part}</CodeBlock>
          </Details>
        ))}
        <ButtonGroup>
          {notice.state === 'draft' && principal.rights.has('notices:send') ? (
            <Form action={`${path}/approve`} principal={principal} class="no-print">
              <Button>{notice.messageId === null ? 'It was handed over' : 'Approve and send'}</Button>
            </Form>
          ) : null}
          <LinkButton kind="secondary" href={`${LIST_PATH}/${reportId}`}>
            Back to the report
          </LinkButton>
        </ButtonGroup>
      </>
    ),
  });
}

export interface ReplyPageView {
  readonly replyId: string;
  readonly content?: { readonly from: string | null; readonly text: string } | undefined;
  readonly reply: KeptReply | undefined;
}

export function renderReplyPage({ replyId, content, reply }: ReplyPageView, principal: Principal): string {
  return renderInternationalPage({
    title: `Reply ${replyId}`,
    principal,
    section: 'notices',
    breadcrumbs: CRUMBS,
    children: (
      <>
        <Title caption="Reply">{replyId}</Title>
        {reply === undefined ? null : (
          <p>
            Received <Time iso={reply.receivedAt.toISOString()} />, {reply.kind}
            {reply.outcome === null ? '' : `; it says ${OUTCOME_WORDS[reply.outcome]}`}.
          </p>
        )}
        {content === undefined && principal.rights.has('notices:urls') ? (
          <Form action={`${LIST_PATH}/replies/${replyId}/read`} principal={principal}>
            <Button kind="secondary">Read it (this is recorded)</Button>
          </Form>
        ) : null}
        {content === undefined ? null : (
          <>
            <Warning>Text of a stranger. It may quote addresses; what it says about its sender proves nothing.</Warning>
            <Inset>{content.from === null ? 'No sender named' : `Says to be from ${content.from}`}</Inset>
            <CodeBlock label="Text of the reply">{content.text}</CodeBlock>
          </>
        )}
        {reply?.handledAt === null && principal.rights.has('notices:draft') ? (
          <Form action={`${LIST_PATH}/replies/${replyId}/settle`} principal={principal}>
            <Select
              name="outcome"
              label="What it means"
              hint="An outcome closes every open report of the notice that it answers."
              choices={[
                { value: '', text: 'Nothing that ends it: go on' },
                ...(reply.noticeId === null ? [] : OUTCOMES.map((value) => ({ value, text: OUTCOME_WORDS[value] }))),
              ]}
            />
            <Button>Keep</Button>
          </Form>
        ) : null}
      </>
    ),
  });
}
