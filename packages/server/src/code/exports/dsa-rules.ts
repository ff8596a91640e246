/** From a restriction to a statement of reasons. Neutral text: nothing about lists, hits, people or the file. */
import type { Restriction } from '../../intake/index.ts';
import { BATCH_MAX, EEA, StatementSchema, type Statement } from './dsa-schema.ts';

export interface StatementTexts {
  readonly legalGround?: string | undefined;
  readonly termsGround?: string | undefined;
}

export interface ToState extends Restriction {
  readonly puid: string;
  /** Who decided at last. Uploads are decided by rule; a person comes in with the part that reviews them. */
  readonly decidedBy: 'rule' | 'person_after_rule' | 'person';
}

const LEGAL_GROUND = 'Directive 2011/93/EU, article 5, and the national law that puts it into effect';
const TERMS_GROUND = 'The terms of the service: files are published only after they could be checked';
const AUTOMATED = { rule: 'AUTOMATED_DECISION_FULLY', person_after_rule: 'AUTOMATED_DECISION_PARTIALLY', person: 'AUTOMATED_DECISION_NOT_AUTOMATED' } as const;
const VISIBILITY = { hold: 'DECISION_VISIBILITY_CONTENT_DISABLED', refuse: 'DECISION_VISIBILITY_CONTENT_REMOVED' } as const;

export function toStatement(restriction: ToState, texts: StatementTexts = {}): Statement {
  const { verdict, disposition, createdAt, decidedAt, puid, decidedBy } = restriction;
  return {
    decision_visibility: [VISIBILITY[disposition]],
    ...(verdict === 'match' ? describeMatch(texts) : describeUnscannable(texts)),
    ...toContentType(restriction.mediaType),
    territorial_scope: [...EEA],
    content_date: toDay(createdAt),
    application_date: toDay(decidedAt),
    source_type: 'SOURCE_VOLUNTARY',
    automated_detection: 'Yes',
    automated_decision: AUTOMATED[decidedBy],
    puid,
  };
}

type Reason = Pick<
  Statement,
  | 'decision_ground'
  | 'illegal_content_legal_ground'
  | 'illegal_content_explanation'
  | 'incompatible_content_ground'
  | 'incompatible_content_explanation'
  | 'category'
  | 'category_specification'
  | 'decision_facts'
>;

function describeMatch({ legalGround }: StatementTexts): Reason {
  return {
    decision_ground: 'DECISION_GROUND_ILLEGAL_CONTENT',
    illegal_content_legal_ground: legalGround ?? LEGAL_GROUND,
    illegal_content_explanation: 'The content corresponds to material that was assessed before as showing the sexual abuse of a child.',
    category: 'STATEMENT_CATEGORY_PROTECTION_OF_MINORS',
    category_specification: ['KEYWORD_CHILD_SEXUAL_ABUSE_MATERIAL'],
    decision_facts:
      'The content was compared with known material by automated means when it was uploaded and before it was published. It corresponded, and was not published.',
  };
}

function describeUnscannable({ termsGround }: StatementTexts): Reason {
  return {
    decision_ground: 'DECISION_GROUND_INCOMPATIBLE_CONTENT',
    incompatible_content_ground: termsGround ?? TERMS_GROUND,
    incompatible_content_explanation: 'The content could not be read by the checks that all content passes before it is published.',
    category: 'STATEMENT_CATEGORY_OTHER_VIOLATION_TC',
    decision_facts:
      'The content could not be checked by automated means when it was uploaded. It was not published. Nothing was found out about what it shows.',
  };
}

function toContentType(mediaType: string | null): Pick<Statement, 'content_type' | 'content_type_other'> {
  const kind = mediaType?.split('/')[0];
  if (kind === 'image') return { content_type: ['CONTENT_TYPE_IMAGE'] };
  if (kind === 'video') return { content_type: ['CONTENT_TYPE_VIDEO'] };
  if (kind === 'audio') return { content_type: ['CONTENT_TYPE_AUDIO'] };
  if (kind === 'text') return { content_type: ['CONTENT_TYPE_TEXT'] };
  return { content_type: ['CONTENT_TYPE_OTHER'], content_type_other: 'A file whose kind could not be told' };
}

/** By UTC, as everything here. */
function toDay(at: Date): string {
  return at.toISOString().slice(0, 10);
}

/** What does not pass the field rules. */
export function findStatementFaults(statement: unknown): string[] {
  const parsed = StatementSchema.safeParse(statement);
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.map(String).join('.')}: ${message}`);
}

export function toBatches(statements: readonly Statement[]): { readonly statements: Statement[] }[] {
  const count = Math.ceil(statements.length / BATCH_MAX);
  return Array.from({ length: count }, (_none, i) => ({ statements: statements.slice(i * BATCH_MAX, (i + 1) * BATCH_MAX) }));
}
