/** Whether a document is still what a source says. Only addresses of public documents that a register names; never those of reports. */
import type { LinkView } from './schema.ts';

/** What came back. `unreachable` says nothing about the document: this machine may be offline. */
export type Fetched =
  | {
      readonly kind: 'reply';
      readonly httpStatus: number;
      readonly digest: string;
      /** Digests that sources give of the document itself, and it has another. */
      readonly hasOtherSha256: boolean;
      /** Sentences that are quoted from it and no longer there. */
      readonly missingQuotes: number;
    }
  | { readonly kind: 'too_large' }
  | { readonly kind: 'failed'; readonly reason: string };

export interface KnownLink {
  readonly url: string;
  readonly status: LinkView['status'];
  readonly finding: string;
  readonly checkedAt: Date | null;
  readonly triedAt: Date | null;
  readonly trouble: string | null;
  readonly firstDigest: string | null;
  readonly digest: string | null;
  readonly changedAt: Date | null;
}

export const NEVER_CHECKED = 'It was not asked for yet.';
const WEEK_MS = 7 * 86_400_000;
/** What was found longer ago says nothing any more: five rounds failed. */
const OLD_MS = 5 * WEEK_MS;

export function isDue({ triedAt }: Pick<KnownLink, 'triedAt'>, now: Date): boolean {
  return triedAt === null || now.getTime() - triedAt.getTime() >= WEEK_MS;
}

export function judgeLink(known: KnownLink, fetched: Fetched, now: Date): KnownLink {
  const trouble = findTrouble(fetched);
  if (trouble !== undefined) return { ...known, triedAt: now, trouble };
  const checked = { ...known, triedAt: now, checkedAt: now, trouble: null };
  if (fetched.kind !== 'reply') return { ...checked, status: 'ok', finding: 'It is there, and larger than what is compared.' };
  if (fetched.httpStatus === 404 || fetched.httpStatus === 410)
    return { ...checked, status: 'gone', finding: `The server answers ${fetched.httpStatus}: there is no such document.` };
  if (fetched.httpStatus >= 300)
    return {
      ...checked,
      status: 'changed',
      finding: `The server answers ${fetched.httpStatus} and refers to another address.`,
      changedAt: known.changedAt ?? now,
    };
  const { digest, firstDigest, changedAt } = { digest: fetched.digest, firstDigest: known.firstDigest ?? fetched.digest, changedAt: known.changedAt };
  const fault = findChange(fetched, firstDigest);
  if (fault === undefined)
    return { ...checked, status: 'ok', finding: 'It is there, with the text that was found first.', digest, firstDigest, changedAt: null };
  return { ...checked, status: 'changed', finding: fault, digest, firstDigest, changedAt: changedAt ?? now };
}

/** Why nothing can be said. */
function findTrouble(fetched: Fetched): string | undefined {
  if (fetched.kind === 'failed') return fetched.reason;
  if (fetched.kind === 'too_large') return undefined;
  const { httpStatus } = fetched;
  const isSaid = (httpStatus >= 200 && httpStatus < 400) || httpStatus === 404 || httpStatus === 410;
  return isSaid ? undefined : `The server answered ${httpStatus}.`;
}

function findChange({ digest, hasOtherSha256, missingQuotes }: Extract<Fetched, { kind: 'reply' }>, firstDigest: string): string | undefined {
  if (missingQuotes > 0)
    return missingQuotes === 1
      ? 'A sentence that is quoted from it is no longer there.'
      : `${missingQuotes} sentences that are quoted from it are no longer there.`;
  if (hasOtherSha256) return 'It is another document than the one whose digest the source gives.';
  return digest === firstDigest ? undefined : 'Its text is another one than when it was asked for first. What is quoted from it is still there.';
}

/** As it is shown now: what was found too long ago is not shown as found. */
export function toLinkView(known: KnownLink, usedBy: readonly string[], now: Date): LinkView {
  const { url, status, finding, checkedAt, changedAt, trouble } = known;
  const isOld = checkedAt === null || now.getTime() - checkedAt.getTime() > OLD_MS;
  const said = isOld ? (checkedAt === null ? NEVER_CHECKED : 'What was found last is too old to say anything.') : finding;
  return {
    url,
    status: isOld ? 'not_checked' : status,
    finding: trouble === null ? said : `${said} Asked for again: ${trouble}`,
    checkedAt,
    changedAt,
    usedBy,
  };
}

const MARKUP = /<(script|style|noscript|template)\b[\s\S]*?<\/\1\s*>|<!--[\s\S]*?-->|<[^>]*>/gi;
const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  rsquo: '’',
  lsquo: '‘',
  rdquo: '”',
  ldquo: '“',
  ndash: '–',
  mdash: '—',
};

/** The words of a page, so that a new banner script or another order of attributes is no change. For comparing, never for showing. */
export function toPlainText(markup: string): string {
  return markup
    .replace(MARKUP, ' ')
    .replace(/&(?:#(\d{1,7})|([a-z]+));/gi, (whole, code: string | undefined, name: string | undefined) => decodeEntity(whole, code, name))
    .replace(/\s+/g, ' ')
    .trim();
}

function decodeEntity(whole: string, code: string | undefined, name: string | undefined): string {
  if (code !== undefined) return Number(code) <= 0x10ffff ? String.fromCodePoint(Number(code)) : whole;
  return ENTITIES[name?.toLowerCase() ?? ''] ?? whole;
}
