/** The console's page of the checks. */
import { z } from 'zod';
import { html, seeOther } from '../../platform/http/reply.ts';
import type { Principal } from '../../platform/http/rights.ts';
import { definePage, type Route } from '../../platform/http/route.ts';
import { Button, Form, formatNumber, NotificationBanner, Table, Tag, Time, Title } from '../../platform/ui/components.tsx';
import { renderRegisterPage } from '../pages/frame.tsx';
import type { ChecksService, CheckState } from './schema.ts';
import { RESULT_WORDS } from './words.ts';

const HERE = '/console/register/checks';

export function pages(checks: ChecksService): readonly Route[] {
  return [
    definePage({
      method: 'get',
      path: HERE,
      right: 'register:edit',
      summary: 'Checks of the register',
      query: z.object({ done: z.literal('1').optional().catch(undefined) }),
      handle: async ({ query, principal }) => html(render(await checks.all(), { principal, isDone: query.done === '1' })),
    }),
    definePage({
      method: 'post',
      path: HERE,
      right: 'register:edit',
      summary: 'Run the checks',
      body: z.object({}),
      async handle({ signal }) {
        await checks.run(signal);
        return seeOther(`${HERE}?done=1`);
      },
    }),
  ];
}

function render(checks: readonly CheckState[], { principal, isDone }: { readonly principal: Principal; readonly isDone: boolean }): string {
  return renderRegisterPage({
    title: 'Checks',
    principal,
    section: 'checks',
    children: (
      <>
        {isDone ? <NotificationBanner kind="success">The checks were run. What each found stands below.</NotificationBanner> : null}
        <Title>Checks</Title>
        <p>
          A status that rests on a check is no longer shown as complete or ongoing while the check fails or its result is too old. They are run every hour; each
          run is one entry of the log. Where there are no data a check fails.
        </p>
        <Form action={HERE} principal={principal}>
          <Button>Run the checks now</Button>
        </Form>
        <Table
          caption="Checks"
          isCaptionHidden
          rows={checks}
          empty="There are no checks."
          columns={[
            {
              heading: 'Check',
              isRowHeading: true,
              cell: ({ name, title, expected }) => (
                <>
                  {title}
                  <br />
                  <code>{name}</code>
                  <br />
                  <span class="quiet">{expected}</span>
                </>
              ),
            },
            { heading: 'Result', cell: ({ result }) => <Tag colour={RESULT_WORDS[result].colour}>{RESULT_WORDS[result].text}</Tag> },
            { heading: 'Found', cell: ({ finding }) => finding },
            { heading: 'Run', cell: ({ lastRunAt }) => <Time iso={lastRunAt?.toISOString()} /> },
            { heading: 'Entry of the log', cell: ({ logIndex }) => (logIndex === null ? 'none yet' : formatNumber(logIndex)) },
          ]}
        />
      </>
    ),
  });
}
