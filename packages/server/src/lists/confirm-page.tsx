/** The question before a list is disabled or enabled. */
import type { Principal } from '../platform/http/rights.ts';
import { Button, ButtonGroup, Form, formatCount, Inset, Title, Warning } from '../platform/ui/components.tsx';
import { renderPage } from '../platform/ui/page.tsx';
import { countEntries, CRUMBS } from './list-page.tsx';
import type { ListView } from './schema.ts';

export type ListAction = 'disable' | 'enable';

export function renderConfirmPage(list: ListView, action: ListAction, principal: Principal): string {
  const title = `${action === 'disable' ? 'Disable' : 'Enable'} “${list.name}”?`;
  return renderPage({
    title,
    principal,
    current: 'lists',
    breadcrumbs: [...CRUMBS, { text: list.name, href: `/console/lists/${list.id}` }],
    children: (
      <>
        <Title>{title}</Title>
        {action === 'disable' ? (
          <Warning>
            {formatCount(countEntries(list), 'entry stops', 'entries stop')} matching within a second. Uploads that only this list would hold are published from
            then on.
          </Warning>
        ) : (
          <Inset>
            <p>{formatCount(countEntries(list), 'entry matches', 'entries match')} again within a second.</p>
          </Inset>
        )}
        <Form action={`/console/lists/${list.id}/${action}`} principal={principal}>
          <ButtonGroup>
            <Button kind={action === 'disable' ? 'warning' : 'primary'}>{action === 'disable' ? 'Disable this list' : 'Enable this list'}</Button>
            <a href={`/console/lists/${list.id}`}>Cancel</a>
          </ButtonGroup>
        </Form>
      </>
    ),
  });
}
