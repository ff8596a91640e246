/** Asks, once a week and one at a time for each host, whether the documents that a register rests on are still there. */
import { createHash } from 'node:crypto';
import type { AppContext } from '../../platform/context.ts';
import { isGatehouseError } from '../../platform/errors.ts';
import type { RecommendationView, Register, RegisterService, Source } from '../model/schema.ts';
import { compareText, groupBy } from '../model/order-rules.ts';
import { isDue, judgeLink, NEVER_CHECKED, toLinkView, toPlainText, type Fetched, type KnownLink } from './link-rules.ts';
import type { ExchangeService, LinkView } from './schema.ts';
import * as store from './store-links.ts';

export type LinksNeeds = Pick<RegisterService, 'registers' | 'list'>;

const BYTES_MAX = 4 * 1_048_576;
const TIMEOUT_MS = 20_000;

interface Used {
  readonly url: string;
  readonly usedBy: readonly string[];
  readonly sources: readonly Source[];
}

export function createLinks({ clock, database, outbound }: AppContext, register: LinksNeeds): Pick<ExchangeService, 'links' | 'checkLinks'> {
  const readUsed = async (): Promise<Used[]> => findUsed(await register.registers(), await register.list());
  const readKnown = async (): Promise<Map<string, KnownLink>> => new Map((await store.listLinks(database.sql)).map((one) => [one.url, one]));
  return {
    async links(): Promise<readonly LinkView[]> {
      const known = await readKnown();
      return (await readUsed()).map(({ url, usedBy }) => toLinkView(known.get(url) ?? toUnknown(url), usedBy, clock.now()));
    },
    async checkLinks({ isAll, signal }) {
      if (isAll) await store.forgetTries(database.sql);
      const known = await readKnown();
      const due = (await readUsed()).filter(({ url }) => isDue(known.get(url) ?? toUnknown(url), clock.now()));
      // One for each host and round: nobody is asked twice in a row.
      const round = [...groupBy(due, ({ url }) => new URL(url).host).values()].flatMap(([first]) => first ?? []);
      let asked = 0;
      for (const one of round) {
        if (signal.aborted) break;
        const before = known.get(one.url) ?? toUnknown(one.url);
        if (!(await store.claimLink(database.sql, before, clock.now()))) continue;
        const fetched = await fetchDocument(outbound, one, signal);
        await store.putLink(database.sql, judgeLink(before, fetched, clock.now()));
        asked++;
      }
      return asked;
    },
  };
}

function toUnknown(url: string): KnownLink {
  return {
    url,
    status: 'not_checked',
    finding: NEVER_CHECKED,
    checkedAt: null,
    triedAt: null,
    trouble: null,
    firstDigest: null,
    digest: null,
    changedAt: null,
  };
}

/** Every address that something published names as a source, and by what. */
function findUsed(registers: readonly Register[], views: readonly RecommendationView[]): Used[] {
  const named: { readonly by: string; readonly source: Source }[] = [
    ...registers.map(({ id, source }) => ({ by: id, source })),
    ...views.flatMap(({ id, responses, actions, statuses }) =>
      [
        ...responses.map(({ source }) => source),
        ...actions.map(({ source }) => source),
        ...statuses.flatMap(({ basis }) => basis.map(({ source }) => source)),
      ].flatMap((source) => (source === null ? [] : [{ by: id, source }])),
    ),
  ];
  return [...groupBy(named, ({ source }) => source.url)]
    .map(([url, uses]) => ({ url, usedBy: [...new Set(uses.map(({ by }) => by))], sources: uses.map(({ source }) => source) }))
    .toSorted((a, b) => compareText(a.url, b.url));
}

async function fetchDocument(outbound: AppContext['outbound'], { url, sources }: Used, signal: AbortSignal): Promise<Fetched> {
  try {
    const { status, contentType, bytes } = await outbound.download({ url, method: 'GET', maxBytes: BYTES_MAX, timeoutMs: TIMEOUT_MS, signal });
    const isText = /^text\/|xml|json/i.test(contentType);
    const text = isText ? toPlainText(new TextDecoder().decode(bytes)) : undefined;
    const sha256 = digestOf(bytes);
    return {
      kind: 'reply',
      httpStatus: status,
      digest: text === undefined ? sha256 : digestOf(text),
      hasOtherSha256: sources.some((source) => source.sha256 !== null && source.sha256 !== sha256),
      missingQuotes: text === undefined ? 0 : countMissing(text, sources),
    };
  } catch (error) {
    if (isGatehouseError(error) && error.code === 'too_large') return { kind: 'too_large' };
    if (isGatehouseError(error) && error.code === 'outbound_refused') return { kind: 'failed', reason: 'The address is not one that may be called.' };
    // The message may name the address; that there was no answer is enough.
    return { kind: 'failed', reason: 'There was no answer.' };
  }
}

function countMissing(text: string, sources: readonly Source[]): number {
  const quotes = new Set(sources.flatMap(({ quote }) => (quote === null ? [] : [toPlainText(quote.exact)])));
  return [...quotes].filter((quote) => !text.includes(quote)).length;
}

function digestOf(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
