/** What follows from a reply without a person. */
import type { Reply } from './replies/schema.ts';
import type { Notice, NoticeOutcome } from './schema.ts';

export type ReplyEffect = { readonly kind: 'none' | 'bounced' | 'person' } | { readonly kind: 'close'; readonly outcome: NoticeOutcome };

/** Out-of-office notes and receipts of servers say nothing about the content. */
const SILENT: readonly Reply['kind'][] = ['automatic', 'delayed', 'delivered'];
/** What has left, or may have. */
const GONE: readonly Notice['state'][] = ['sent', 'answered', 'unknown'];
/** A person must agree to the others: that it moved, that it is not illegal, that it is another one's. */
const CLOSING: readonly NoticeOutcome[] = ['removed', 'unavailable'];

export function judgeReply({ kind, outcome }: Pick<Reply, 'kind' | 'outcome'>, notice: Pick<Notice, 'scope' | 'state'> | undefined): ReplyEffect {
  if (SILENT.includes(kind)) return { kind: 'none' };
  if (notice === undefined) return { kind: 'person' };
  if (kind === 'bounce') return { kind: GONE.includes(notice.state) ? 'bounced' : 'none' };
  // The police do not remove; what they write is an answer to another question.
  if (kind === 'answer' && outcome !== null && CLOSING.includes(outcome) && notice.scope !== 'police') return { kind: 'close', outcome };
  return { kind: 'person' };
}
