/** `/`: what is in force, what happened, whether the parts are well, and what a newcomer does next. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Principal } from '../platform/http/rights.ts';
import { CodeBlock, Figures, formatCount, formatNumber, LinkButton, SummaryList, Tag, Time, Title } from '../platform/ui/components.tsx';
import { renderPage } from '../platform/ui/page.tsx';
import type { Overview } from './schema.ts';

export function renderOverview(overview: Overview, principal: Principal): string {
  return renderPage({
    title: 'Overview',
    principal,
    current: 'overview',
    children: (
      <>
        <Title>Overview</Title>
        <p class="lead">Gatehouse decides what may be published. Nothing is published without a receipt.</p>
        {principal.rights.has('lists:read') ? <InForce overview={overview} /> : null}
        {principal.rights.has('uploads:read') ? <Today overview={overview} /> : null}
        <Health overview={overview} principal={principal} />
        <NextSteps overview={overview} principal={principal} />
      </>
    ),
  });
}

function InForce({ overview: { lists } }: { readonly overview: Overview }): JSX.Element {
  return (
    <section aria-labelledby="in-force">
      <h2 id="in-force">In force</h2>
      <Figures
        items={[
          { label: lists.activeLists === 1 ? 'list' : 'lists', value: formatNumber(lists.activeLists), href: '/console/lists' },
          { label: lists.entries === 1 ? 'entry' : 'entries', value: formatNumber(lists.entries) },
          {
            label: 'list-set version',
            value: formatNumber(lists.listSetVersion),
            href: '/console/lists/versions',
            note:
              lists.changedAt === undefined ? (
                'no change yet'
              ) : (
                <>
                  since <Time iso={lists.changedAt} />
                </>
              ),
          },
        ]}
      />
    </section>
  );
}

function Today({ overview: { uploads } }: { readonly overview: Overview }): JSX.Element {
  return (
    <section aria-labelledby="last-day">
      <h2 id="last-day">Uploads in the last 24 hours</h2>
      <Figures
        items={[
          { label: 'released', value: formatNumber(uploads.released), href: '/console/uploads?disposition=release' },
          { label: 'held', value: formatNumber(uploads.held), href: '/console/uploads?disposition=hold' },
          { label: 'refused', value: formatNumber(uploads.refused), href: '/console/uploads?disposition=refuse' },
          {
            label: 'waiting now',
            value: formatNumber(uploads.waiting),
            href: '/console/uploads?state=received',
            note:
              uploads.oldestWaitingAt === undefined ? undefined : (
                <>
                  since <Time iso={uploads.oldestWaitingAt} />
                </>
              ),
          },
        ]}
      />
    </section>
  );
}

function Health({ overview, principal }: { readonly overview: Overview; readonly principal: Principal }): JSX.Element {
  return (
    <section aria-labelledby="health">
      <h2 id="health">Health</h2>
      <SummaryList
        rows={overview.health.map(({ title, isWell, finding }) => ({
          key: title,
          value: (
            <>
              <Tag colour={isWell ? 'green' : 'yellow'}>{isWell ? 'In order' : 'Needs attention'}</Tag> {finding}
            </>
          ),
        }))}
      />
      {principal.rights.has('health:read') ? (
        <p>
          <a href="/console/health">All checks, and how to mend what they find</a>
        </p>
      ) : null}
    </section>
  );
}

function NextSteps({ overview, principal }: { readonly overview: Overview; readonly principal: Principal }): JSX.Element {
  const { lists, publicUrl, canTryAge } = overview;
  return (
    <section aria-labelledby="next-steps">
      <h2 id="next-steps">Begin here</h2>
      <ol class="steps">
        <li>
          <h3>Load a list</h3>
          {lists.activeLists > 0 ? (
            <p>
              <Tag colour="green">Done</Tag> {formatCount(lists.entries, 'entry', 'entries')} in force. <a href="/console/lists/import">Import another list</a>
            </p>
          ) : (
            <p>
              Without a list nothing can be cleared. <a href="/try">Load the demonstration list</a>, made from generated pictures, or{' '}
              <a href="/console/lists/import">import your own</a>.
            </p>
          )}
        </li>
        <li>
          <h3>Try pictures</h3>
          <p>See what would be published, what is held, and why.</p>
          <LinkButton href="/try">Try pictures</LinkButton>
        </li>
        {canTryAge ? (
          <li>
            <h3>Try an age check</h3>
            <p>A made-up service asks for an age, a simulated wallet answers. See what the service learns, and what it does not.</p>
            <LinkButton href="/age/try">Try an age check</LinkButton>
          </li>
        ) : null}
        {principal.rights.has('keys:manage') ? (
          <li>
            <h3>Make an API key</h3>
            <p>
              <a href="/console/keys">Make a key</a> with the right <code>scan</code> for your service.
            </p>
          </li>
        ) : null}
        <li>
          <h3>Screen from your service</h3>
          <p>One call. 200 is clear, 422 a match, 415 could not be screened, 503 no answer.</p>
          <CodeBlock label="Screen one picture with curl" isCopyable>
            {toCurl(publicUrl)}
          </CodeBlock>
          <p>
            <a href="/docs">All operations</a>
          </p>
        </li>
      </ol>
    </section>
  );
}

function toCurl(url: string): string {
  return [
    `curl -sS "${url}/v1/scan"`,
    '-H "Authorization: Bearer $GATEHOUSE_API_KEY"',
    '-H "Content-Type: application/octet-stream"',
    '--data-binary @picture.jpg',
  ].join(' \\\n  ');
}
