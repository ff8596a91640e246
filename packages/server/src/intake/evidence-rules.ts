/** From counts to readings. Without anything to count there is no figure. Pure. */
import type { EvidenceReading } from '../platform/evidence.ts';
import { formatTime } from '../platform/ui/format.ts';
import type { BlockTimes, DecidedCounts, Duration, FailedCounts } from './store-evidence.ts';

const NOTHING: EvidenceReading = { figure: null, finding: 'No upload was decided.' };

export function readCoverage({ decided, unscreened, since }: DecidedCounts): EvidenceReading {
  if (decided === 0) return NOTHING;
  const screened = decided - unscreened;
  return { figure: screened / decided, numerator: screened, denominator: decided, finding: `${screened} of ${decided} uploads${sinceText(since)}.` };
}

export function readUnscreened({ decided, released, unscreened, byPolicy, since }: DecidedCounts): EvidenceReading {
  if (decided === 0) return NOTHING;
  return {
    figure: unscreened,
    denominator: decided,
    finding: `${unscreened} of ${released} released uploads, of ${decided} decided${sinceText(since)}.`,
    rows: [
      { label: 'released by the policy, not screened', figure: byPolicy },
      { label: 'released without a receipt', figure: unscreened - byPolicy },
    ],
  };
}

export function readTypeGap({ decided, unsupported }: DecidedCounts): EvidenceReading {
  if (decided === 0) return NOTHING;
  return { figure: unsupported / decided, numerator: unsupported, denominator: decided, finding: `${unsupported} of ${decided} uploads.` };
}

export function readLatency({ count, p95Seconds }: Duration): EvidenceReading {
  if (count === 0 || p95Seconds === null) return NOTHING;
  const ms = Math.round(p95Seconds * 1000);
  return { figure: ms, denominator: count, finding: `95 % of ${count} uploads were decided within ${ms} ms.` };
}

export function readFailClosed(counts: readonly FailedCounts[]): EvidenceReading {
  const failed = counts.reduce((sum, one) => sum + one.failed, 0);
  if (failed === 0) return { figure: null, finding: 'Every screening gave an answer: there was nothing to hold back.' };
  const heldBack = counts.reduce((sum, one) => sum + one.heldBack, 0);
  return {
    figure: heldBack / failed,
    numerator: heldBack,
    denominator: failed,
    finding: `${heldBack} of ${failed} were held or refused.`,
    rows: counts.map((one) => ({ label: one.isCanary ? 'own test pictures held back' : 'uploads held back', figure: one.heldBack })),
  };
}

export function readBlocking({ count, p95Seconds, uploads, revoked, canaries }: BlockTimes): EvidenceReading {
  if (count === 0 || p95Seconds === null) return { figure: null, finding: 'Nothing matched.' };
  const seconds = Math.round(p95Seconds * 1000) / 1000;
  return {
    figure: seconds,
    denominator: count,
    finding: `95 % of ${count} were blocked within ${seconds} seconds.`,
    rows: [
      { label: 'uploads', figure: uploads },
      { label: 'released before, receipt ended', figure: revoked },
      { label: 'own test pictures', figure: canaries },
    ],
  };
}

export function readBands(bands: readonly { readonly band: string; readonly count: number }[], { decided, since }: DecidedCounts): EvidenceReading {
  if (decided === 0) return NOTHING;
  const total = bands.reduce((sum, { count }) => sum + count, 0);
  return {
    figure: total,
    denominator: decided,
    finding: `${total} of ${decided} uploads matched${sinceText(since)}.`,
    rows: bands.map(({ band, count }) => ({ label: band, figure: count })),
  };
}

export function readReviewed({ matched, looked }: DecidedCounts): EvidenceReading {
  if (matched === 0) return { figure: null, finding: 'No upload matched.' };
  return { figure: looked / matched, numerator: looked, denominator: matched, finding: `A person looked at ${looked} of ${matched}.` };
}

/** Uploads are removed some weeks after their end: a longer window sees only what is left. */
function sinceText(since: Date | null): string {
  return since === null ? '' : `, the first at ${formatTime(since.toISOString())}`;
}
