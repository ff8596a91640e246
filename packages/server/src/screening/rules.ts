/** The verdict rules: pure, and closed on the safe side. `clear` is the last line and nothing falls into it by omission. */
import type { MatchResult, PictureHashes } from '../lists/index.ts';
import type { ErrorReason, Media, UnscannableReason, VerdictKind } from './schema.ts';

/** What became of the content. */
export type Reading =
  | { readonly kind: 'hashed'; readonly media?: Media | undefined; readonly pictures: readonly PictureHashes[] }
  | { readonly kind: 'unscannable'; readonly reason: UnscannableReason; readonly media?: Media | undefined }
  | { readonly kind: 'failed'; readonly reason: ErrorReason }
  /** It was not looked at, because the lists could not have given an answer. */
  | { readonly kind: 'unread' };

export interface VerdictInput {
  readonly reading: Reading;
  /** The comparison, with one list-set version. */
  readonly match: Pick<MatchResult, 'hitCount' | 'activeLists' | 'isBelowQualityFloor'>;
  readonly freshness: 'loading' | 'fresh' | 'stale';
  /** Without an active list nothing can be cleared. */
  readonly requireLists: boolean;
}

export type Verdict =
  | { readonly verdict: Extract<VerdictKind, 'clear' | 'match'>; readonly reason?: undefined }
  | { readonly verdict: 'unscannable'; readonly reason: UnscannableReason }
  | { readonly verdict: 'error'; readonly reason: ErrorReason };

/** In this order: a hit is a hit whatever else is wrong; then what the service lacks; then what the content lacks. */
export function decide({ reading, match, freshness, requireLists }: VerdictInput): Verdict {
  // An empty file is nobody's material, and its digests are the same everywhere: it is never compared.
  if (reading.kind === 'unscannable' && reading.reason === 'empty') return { verdict: 'unscannable', reason: 'empty' };
  if (match.hitCount > 0) return { verdict: 'match' };
  if (freshness === 'loading') return { verdict: 'error', reason: 'lists_loading' };
  if (freshness === 'stale') return { verdict: 'error', reason: 'lists_stale' };
  if (match.activeLists === 0 && requireLists) return { verdict: 'error', reason: 'no_lists' };
  if (reading.kind === 'failed') return { verdict: 'error', reason: reading.reason };
  if (reading.kind === 'unread') return { verdict: 'error', reason: 'internal' };
  if (reading.kind === 'unscannable') return { verdict: 'unscannable', reason: reading.reason };
  return decideHashed(reading, match.isBelowQualityFloor);
}

function decideHashed(reading: Extract<Reading, { kind: 'hashed' }>, isBelowQualityFloor: boolean): Verdict {
  if (reading.pictures.length === 0) return { verdict: 'unscannable', reason: 'undecodable' };
  // What could be decoded was compared; viewers may show more of it than our decoder did.
  if (reading.media?.isPartial === true) return { verdict: 'unscannable', reason: 'truncated' };
  if (isBelowQualityFloor) return { verdict: 'unscannable', reason: 'no_reliable_perceptual_hash' };
  return { verdict: 'clear' };
}

/** The best PDQ quality over all renderings. */
export function bestQuality(pictures: readonly PictureHashes[]): number | undefined {
  return pictures.length === 0 ? undefined : Math.max(...pictures.map(({ quality }) => quality));
}
