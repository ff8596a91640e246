/** All recommendations, as they are published, for those who edit. */
import type { Principal } from '../../platform/http/rights.ts';
import { Button, ButtonGroup, Field, Form, LinkButton, Select, Table, Tag, Title } from '../../platform/ui/components.tsx';
import { REGISTER_STATUSES, type RecommendationView, type Register } from '../model/schema.ts';
import { STATUS_WORDS } from '../model/status-rules.ts';
import { describeLateness, describeStatus } from '../public/words.ts';
import { formPath, HERE, recommendationPath } from './addresses.ts';
import { renderRegisterPage } from './frame.tsx';

export interface ListView {
  readonly registers: readonly (Register & { readonly recommendations: number })[];
  readonly views: readonly RecommendationView[];
  readonly filter: { readonly register?: string | undefined; readonly status?: string | undefined; readonly text?: string | undefined };
}

export function renderListPage({ registers, views, filter }: ListView, principal: Principal): string {
  return renderRegisterPage({
    title: 'Recommendations',
    principal,
    section: 'recommendations',
    children: (
      <>
        <Title>Recommendations</Title>
        <p>What is published. A change is seen by nobody outside before somebody else than the one who proposed it has published it.</p>
        <ButtonGroup>
          <LinkButton href={formPath('recommendation', {})}>Propose a recommendation</LinkButton>
          <LinkButton href={formPath('register', {})} kind="secondary">
            Propose a register
          </LinkButton>
        </ButtonGroup>
        <Form action={HERE} method="get" principal={principal} class="filter">
          <Select
            name="register"
            label="Register"
            value={filter.register ?? ''}
            choices={[{ value: '', text: 'All' }, ...registers.map(({ id, title }) => ({ value: id, text: title }))]}
          />
          <Select
            name="status"
            label="Status of the register"
            value={filter.status ?? ''}
            choices={[{ value: '', text: 'All' }, ...REGISTER_STATUSES.map((value) => ({ value, text: STATUS_WORDS[value] }))]}
          />
          <Field name="text" label="Words" type="search" value={filter.text} width={20} />
          <Button kind="secondary">Show</Button>
        </Form>
        <Table
          caption="Recommendations"
          isCaptionHidden
          rows={views}
          empty="There is no such recommendation."
          columns={[
            {
              heading: 'Recommendation',
              isRowHeading: true,
              cell: ({ id, recommendation }) => (
                <a href={recommendationPath(id)}>
                  {recommendation.number}. {recommendation.title}
                </a>
              ),
            },
            { heading: 'Register', cell: ({ recommendation }) => recommendation.register },
            {
              heading: 'Status',
              cell: ({ registerStatus: { status } }) => <Tag colour={describeStatus(status).colour}>{describeStatus(status).text}</Tag>,
            },
            { heading: 'First response', cell: ({ lateness }) => describeLateness(lateness.responseDaysLate) },
            { heading: 'Milestones late', isNumeric: true, cell: ({ lateness }) => String(lateness.milestonesLate) },
          ]}
        />
      </>
    ),
  });
}
