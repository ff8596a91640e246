/** The console's page of the ways in. */
import { html } from '../../platform/http/reply.ts';
import type { Principal } from '../../platform/http/rights.ts';
import { definePage, type Route } from '../../platform/http/route.ts';
import { formatNumber, Table, Tag, Title } from '../../platform/ui/components.tsx';
import { renderPage } from '../../platform/ui/page.tsx';
import type { SurfaceState } from './schema.ts';
import type { OverviewService } from './service.ts';

export const pages = (service: OverviewService): readonly Route[] => [
  definePage({
    method: 'get',
    path: '/console/surfaces',
    right: 'settings:read',
    summary: 'Ways in',
    handle: async ({ principal }) => html(renderSurfaces(service.list(), principal)),
  }),
];

function renderSurfaces(surfaces: readonly SurfaceState[], principal: Principal): string {
  const open = surfaces.filter(({ isOn }) => isOn);
  const closed = surfaces.filter(({ isOn }) => !isOn);
  return renderPage({
    title: 'Ways in',
    current: 'surfaces',
    principal,
    children: (
      <>
        <Title>Ways in</Title>
        <p class="lead">
          Every way that content takes into Gatehouse. All end in the same screening; nothing is let through without an answer. See that the service has no
          other way for uploads than these.
        </p>
        <Table
          caption="Open on this node"
          rows={open}
          empty="None."
          columns={[
            { heading: 'Way', isRowHeading: true, cell: ({ title }) => title },
            {
              heading: 'Where',
              cell: ({ addresses }) =>
                addresses.map((address) => (
                  <div>
                    <code>{address}</code>
                  </div>
                )),
            },
            ...(['clear', 'match', 'unscannable', 'error'] as const).map((verdict) => ({
              heading: TITLES[verdict],
              isNumeric: true,
              cell: ({ counts }: SurfaceState) => (counts === undefined ? '–' : formatNumber(counts[verdict])),
            })),
          ]}
        />
        <p class="hint">Numbers count since this node was started. Uploads that Gatehouse keeps itself are counted on the page of uploads.</p>
        <Table
          caption="Not open"
          rows={closed}
          empty="All are open."
          columns={[
            { heading: 'Way', isRowHeading: true, cell: ({ title }) => title },
            { heading: 'State', cell: () => <Tag colour="grey">Off</Tag> },
            { heading: 'Switched on by', cell: ({ howTo }) => <code>{howTo}</code> },
          ]}
        />
      </>
    ),
  });
}

const TITLES = { clear: 'Clear', match: 'Match', unscannable: 'Unscannable', error: 'Error' } as const;
