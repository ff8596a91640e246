/** `/console/code/questions/<section>`: the questions of one section as one form. What nothing waits for is folded away. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { FieldError } from '../../platform/errors.ts';
import type { Principal } from '../../platform/http/rights.ts';
import { Button, ButtonGroup, Details, ErrorSummary, Form, formatCount, Inset, Title } from '../../platform/ui/components.tsx';
import { renderCodePage } from '../pages/frame.tsx';
import { QuestionField } from './question-field.tsx';
import type { SECTIONS, Sent } from './question-rules.ts';
import type { Question, Questionnaire } from './question-schema.ts';
import { Kept } from './questions-page.tsx';

const HERE = '/console/code/questions';

export interface SectionView {
  readonly section: (typeof SECTIONS)[number];
  readonly questionnaire: Questionnaire;
  /** Of the section. */
  readonly questions: readonly Question[];
  readonly kept?: number | undefined;
  /** What was sent and refused. */
  readonly sent?: Sent | undefined;
  readonly errors?: readonly FieldError[] | undefined;
}

export function renderSectionPage(view: SectionView, principal: Principal): string {
  const { section, errors = [], kept } = view;
  return renderCodePage({
    title: section.title,
    principal,
    section: 'questions',
    breadcrumbs: [{ text: 'Questions about the service', href: HERE }],
    hasErrors: errors.length > 0,
    children: (
      <>
        <ErrorSummary errors={errors} />
        {kept === undefined ? null : <Kept count={kept} />}
        <Title caption="Questions about the service">{section.title}</Title>
        <p class="lead">{section.about}</p>
        {principal.rights.has('code:manage') ? (
          <Form action={`${HERE}/${section.id}`} principal={principal}>
            <Fields view={view} />
            <ButtonGroup>
              <Button name="then" value="next">
                Save and go on
              </Button>
              <Button name="then" value="stay" kind="secondary">
                Save
              </Button>
            </ButtonGroup>
          </Form>
        ) : (
          <>
            <Inset>
              <p>You may see the answers. Whoever changes them needs the right code:manage.</p>
            </Inset>
            <Fields view={view} />
          </>
        )}
        <p>
          <a href={HERE}>All sections</a>
        </p>
      </>
    ),
  });
}

function Fields({ view }: { readonly view: SectionView }): JSX.Element {
  const { questions, sent, errors = [] } = view;
  const errorOf = (fact: string): string | undefined => errors.find(({ at }) => at === fact)?.message;
  const isNeeded = ({ decides, said, found }: Question): boolean => decides > 0 || said !== null || found !== null;
  const field = (question: Question): JSX.Element => <QuestionField question={question} sent={sent} error={errorOf(question.fact)} />;
  const needed = questions.filter(isNeeded);
  const rest = questions.filter((question) => !isNeeded(question));
  return (
    <>
      {needed.map(field)}
      {needed.length === 0 ? <p>No measure waits for an answer of this section, as things stand.</p> : null}
      {rest.length === 0 ? null : (
        <Details
          summary={`${formatCount(rest.length, 'question')} that nothing waits for, as things stand`}
          isOpen={rest.some(({ fact }) => errorOf(fact) !== undefined)}
        >
          <p>Other answers have decided the measures that ask for these. You may answer them all the same.</p>
          {rest.map(field)}
        </Details>
      )}
    </>
  );
}
