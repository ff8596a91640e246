/** What the checks found, worst first, and how to mend it. */
import type { Principal } from '../http/rights.ts';
import { Inset, NotificationBanner, SummaryList, Tag, Title, Words, type TagColour } from './components.tsx';
import { renderPage } from './page.tsx';

type Status = 'ok' | 'attention' | 'fail';

export interface HealthView {
  readonly status: Status;
  readonly version: string;
  readonly checks: readonly {
    readonly name: string;
    readonly title: string;
    readonly status: Status;
    readonly finding: string;
    readonly remedy?: string | undefined;
    readonly isReadiness: boolean;
  }[];
}

const WORDS: Readonly<Record<Status, { readonly text: string; readonly colour: TagColour; readonly summary: string }>> = {
  fail: { text: 'Failing', colour: 'red', summary: 'Something must be mended. Nothing is published that could not be screened.' },
  attention: { text: 'Needs attention', colour: 'yellow', summary: 'Gatehouse works, and something should be looked at.' },
  ok: { text: 'In order', colour: 'green', summary: 'Every check is in order.' },
};
const ORDER: readonly Status[] = ['fail', 'attention', 'ok'];

export function renderHealthPage(health: HealthView, principal: Principal): string {
  const checks = ORDER.flatMap((status) => health.checks.filter((check) => check.status === status));
  return renderPage({
    title: 'Health',
    principal,
    current: 'health',
    children: (
      <>
        <Title>Health</Title>
        {health.status === 'ok' ? (
          <Inset>
            <p>{WORDS.ok.summary}</p>
          </Inset>
        ) : (
          <NotificationBanner title={WORDS[health.status].text}>
            <p>{WORDS[health.status].summary}</p>
          </NotificationBanner>
        )}
        {checks.map((check) => (
          <section aria-labelledby={`check-${check.name}`}>
            <h2 id={`check-${check.name}`}>{check.title}</h2>
            <SummaryList
              rows={[
                { key: 'State', value: <Tag colour={WORDS[check.status].colour}>{WORDS[check.status].text}</Tag> },
                { key: 'Found', value: check.finding },
                check.remedy === undefined ? undefined : { key: 'What to do', value: <Words text={check.remedy} /> },
                check.isReadiness ? { key: 'When it fails', value: 'This node takes no uploads (/readyz answers 503).' } : undefined,
              ]}
            />
          </section>
        ))}
        <p class="quiet">
          Gatehouse {health.version}. The same on the command line: <code>gatehouse doctor</code>.
        </p>
      </>
    ),
  });
}
