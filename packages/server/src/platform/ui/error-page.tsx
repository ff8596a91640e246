/** An error as a page: what happened, what was kept, what to do. */
import { PROBLEMS, type GatehouseError } from '../errors.ts';
import type { Principal } from '../http/rights.ts';
import { ButtonGroup, ErrorSummary, LinkButton, SummaryList, Words } from './components.tsx';
import { renderPage } from './page.tsx';

export function renderErrorPage(error: GatehouseError, requestId: string, principal: Principal): string {
  const kind = PROBLEMS[error.code];
  const errors = (error.extras.errors ?? []).map(({ at, message }) => ({ at: '', message: at === '' ? message : `${at}: ${message}` }));
  return renderPage({
    title: kind.title,
    principal,
    hasErrors: true,
    children: (
      <>
        <h1>{kind.title}</h1>
        <ErrorSummary title="What was wrong" errors={errors} />
        <p class="lead">{error.message}</p>
        <h2>What you can do</h2>
        <p>
          <Words text={kind.remedy} />
        </p>
        <ButtonGroup>
          {error.code === 'unauthenticated' ? <LinkButton href="/sign-in">Sign in</LinkButton> : <LinkButton href="/">Go to the overview</LinkButton>}
          <a href={`/docs/errors#${error.code}`}>About this error</a>
        </ButtonGroup>
        <h2>For the operator</h2>
        <SummaryList
          rows={[
            { key: 'Code', value: <code>{error.code}</code> },
            { key: 'Status', value: String(kind.status) },
            { key: 'Request id', value: <code>{requestId}</code> },
          ]}
        />
      </>
    ),
  });
}
