/** Fetches pages that the operator named, as anybody without an account would, and looks at what came. Nothing of a page is kept but figures. */
import type { AppContext } from '../../platform/context.ts';
import { isGatehouseError } from '../../platform/errors.ts';
import type { Download } from '../../platform/outbound.ts';
import { readTokens, type HtmlToken } from './html-token-rules.ts';
import { FAULTS, findFaults, readHeadings, type Fault } from './html-check-rules.ts';
import { estimateReadingAge, readText } from './reading-age-rules.ts';
import { insertProbes, type ProbeKind, type ProbeResult } from './store-probes.ts';

const PAGE_BYTES_MAX = 2 * 1024 ** 2;
const TIMEOUT_MS = 15_000;

interface NamedPage {
  readonly kind: ProbeKind;
  readonly url: string;
}

export async function probePages(context: AppContext, signal: AbortSignal): Promise<readonly ProbeResult[]> {
  const results: ProbeResult[] = [];
  for (const page of listPages(context)) {
    signal.throwIfAborted();
    results.push(await probe(context, page, signal));
  }
  await insertProbes(context.database.sql, results);
  return results;
}

export function listPages({ config }: Pick<AppContext, 'config'>): NamedPage[] {
  const { codeTermsUrl, codeComplaintsUrl, codeFeatureUrls } = config;
  return [
    ...(codeTermsUrl === undefined ? [] : [{ kind: 'terms' as const, url: codeTermsUrl }]),
    ...(codeComplaintsUrl === undefined ? [] : [{ kind: 'complaints' as const, url: codeComplaintsUrl }]),
    ...codeFeatureUrls.map((url) => ({ kind: 'feature' as const, url })),
  ];
}

async function probe(context: AppContext, { kind, url }: NamedPage, signal: AbortSignal): Promise<ProbeResult> {
  const at = context.clock.now();
  const base = { kind, subject: url, at };
  try {
    const page = await context.outbound.download({
      url,
      method: 'GET',
      headers: { accept: 'text/html' },
      maxBytes: PAGE_BYTES_MAX,
      timeoutMs: TIMEOUT_MS,
      signal,
    });
    return { ...base, ...judgePage(context, kind, page) };
  } catch (error) {
    signal.throwIfAborted();
    return { ...base, isOk: false, finding: isGatehouseError(error) ? error.message : 'The page did not answer.', figures: {} };
  }
}

type Found = Pick<ProbeResult, 'isOk' | 'finding' | 'figures'>;

function judgePage({ config }: AppContext, kind: ProbeKind, { status, contentType, bytes }: Download): Found {
  if (status !== 200) return { isOk: false, finding: `Status ${status}; 200 is needed, without a redirection.`, figures: { status } };
  if (!/^text\/html\b/i.test(contentType)) return { isOk: false, finding: 'It is no HTML page.', figures: { status } };
  const tokens = readTokens(new TextDecoder().decode(bytes));
  const readingAge = estimateReadingAge(readText(tokens));
  const faults = findFaults(tokens);
  const complaints = kind === 'terms' ? judgeTerms(tokens, readingAge, config) : [];
  return {
    isOk: complaints.length === 0,
    finding: [...complaints, describe(faults, readingAge)].join(' '),
    figures: { status, faults: [...faults.values()].reduce((sum, count) => sum + count, 0), ...(readingAge === undefined ? {} : { readingAge }) },
  };
}

function judgeTerms(tokens: readonly HtmlToken[], readingAge: number | undefined, config: AppContext['config']): string[] {
  const headings = readHeadings(tokens).map((heading) => heading.toLowerCase());
  const missing = config.codeTermsHeadings.filter((words) => !headings.some((heading) => heading.includes(words.toLowerCase())));
  const target = config.codeReadingAge;
  return [
    ...(missing.length === 0 ? [] : [`No heading with: ${missing.join(', ')}.`]),
    ...(target === 0 || (readingAge !== undefined && readingAge <= target) ? [] : [`The reading age is not shown to be ${target} or less.`]),
  ];
}

function describe(faults: ReadonlyMap<Fault, number>, readingAge: number | undefined): string {
  const age = readingAge === undefined ? 'Too short for a reading age.' : `Reading age ${readingAge}.`;
  return faults.size === 0 ? age : `${age} ${[...faults].map(([fault, count]) => `${count}: ${FAULTS[fault]}`).join('; ')}.`;
}
