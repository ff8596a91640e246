/** One issuer with its mute form, and the questions before a list is removed. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { FieldError } from '../../platform/errors.ts';
import type { Principal } from '../../platform/http/rights.ts';
import { Button, ButtonGroup, ErrorSummary, Field, Form, SummaryList, Time, Title, Warning } from '../../platform/ui/components.tsx';
import { renderPage } from '../../platform/ui/page.tsx';
import type { AnchorView } from './schema.ts';
import { CRUMBS } from './trust-page.tsx';

const HOME = '/console/age/trust';

export interface AnchorPage {
  /** One certificate may stand on several lists. */
  readonly anchors: readonly [AnchorView, ...AnchorView[]];
  readonly reason?: string;
  readonly errors?: readonly FieldError[];
}

export function renderAnchorPage({ anchors, reason = '', errors = [] }: AnchorPage, principal: Principal): string {
  const [anchor] = anchors;
  return renderPage({
    title: anchor.subject,
    principal,
    current: 'age-trust',
    breadcrumbs: CRUMBS,
    hasErrors: errors.length > 0,
    children: (
      <>
        <ErrorSummary errors={errors} />
        <Title caption="Issuer">{anchor.subject}</Title>
        <SummaryList
          rows={[
            { key: 'Id', value: <code>{anchor.id}</code> },
            { key: 'Lists', value: anchors.map(({ list }) => list).join(', ') },
            { key: 'Country', value: anchor.country ?? 'not stated' },
            { key: 'Stands for', value: anchor.documentTypes?.join(', ') ?? 'any document' },
            { key: 'Assurance', value: anchor.assurance },
            { key: 'Valid from', value: <Time iso={anchor.validFrom} /> },
            { key: 'Valid to', value: <Time iso={anchor.validTo} /> },
            anchor.mutedAt === null ? undefined : { key: 'Muted', value: <Time iso={anchor.mutedAt} /> },
            anchor.mutedAt === null ? undefined : { key: 'Reason', value: anchor.muteReason ?? 'not stated' },
          ]}
        />
        {principal.rights.has('age:manage') ? <MuteForm anchor={anchor} reason={reason} error={errors[0]?.message} principal={principal} /> : null}
      </>
    ),
  });
}

interface MuteProps {
  readonly anchor: AnchorView;
  readonly reason: string;
  readonly error: string | undefined;
  readonly principal: Principal;
}

function MuteForm({ anchor, reason, error, principal }: MuteProps): JSX.Element {
  const action = `${HOME}/anchors/${anchor.id}`;
  if (anchor.mutedAt !== null)
    return (
      <Form action={`${action}/unmute`} principal={principal}>
        <p>Proofs of this issuer are believed again from the next one on. What became void stays void.</p>
        <ButtonGroup>
          <Button>Believe it again</Button>
          <a href={HOME}>Cancel</a>
        </ButtonGroup>
      </Form>
    );
  return (
    <Form action={`${action}/mute`} principal={principal}>
      <Warning>
        Its proofs are refused from the next one on, and every result, token and passkey from before becomes void, those of other issuers included.
      </Warning>
      <Field name="reason" label="Reason" hint="It is kept with the issuer." value={reason} error={error} maxlength={500} />
      <ButtonGroup>
        <Button kind="warning">Mute this issuer</Button>
        <a href={HOME}>Cancel</a>
      </ButtonGroup>
    </Form>
  );
}

export interface RemovePage {
  readonly title: string;
  /** What is removed, where the title does not name it. */
  readonly subject?: string;
  readonly warning: string;
  readonly action: string;
  readonly button: string;
}

export function renderRemovePage({ title, subject, warning, action, button }: RemovePage, principal: Principal): string {
  return renderPage({
    title,
    principal,
    current: 'age-trust',
    breadcrumbs: CRUMBS,
    children: (
      <>
        <Title>{title}</Title>
        {subject === undefined ? null : <SummaryList rows={[{ key: 'Address', value: <code>{subject}</code> }]} />}
        <Warning>{warning}</Warning>
        <Form action={action} principal={principal}>
          <ButtonGroup>
            <Button kind="warning">{button}</Button>
            <a href={HOME}>Cancel</a>
          </ButtonGroup>
        </Form>
      </>
    ),
  });
}
