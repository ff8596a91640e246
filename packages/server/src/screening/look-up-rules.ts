/** What is asked in a look-up and what an answer means. Pure: no time, randomness, I/O. */
import type { Hit, MatchResult, QuerySignals, SignalType } from '../lists/index.ts';
import type { LookUpHit, LookUpOutcome, Signal, SignalResult } from './look-up-schema.ts';

/** No quality was given: the hash is compared with every list. More hits than needed do no harm, a hit that is missed does. */
const QUALITY_UNKNOWN = 100;
/** Never equal to a digest. */
const NO_DIGESTS = { md5: '', sha1: '', sha256: '' } as const;

/** Of a hash alone nobody knows the form or the orientation: it is compared as it is. */
export function toQuery(signal: Signal): QuerySignals {
  if (signal.type !== 'pdq') return { digests: { ...NO_DIGESTS, [signal.type]: signal.value }, pictures: [] };
  const quality = signal.quality ?? QUALITY_UNKNOWN;
  return { digests: NO_DIGESTS, pictures: [{ rendering: 'opaque', form: 'full', quality, hashes: [signal.value.toLowerCase()] }] };
}

export function toResult(index: number, type: SignalType, match: MatchResult): SignalResult {
  const hits = match.hits.map(toLookUpHit);
  return { index, type, outcome: outcomeOf(type, match), hits, hitCount: match.hitCount, truncated: match.hitCount > hits.length };
}

function outcomeOf(type: SignalType, { hitCount, isBelowQualityFloor }: MatchResult): LookUpOutcome {
  if (hitCount > 0) return 'match';
  return type === 'pdq' && isBelowQualityFloor ? 'quality_too_low' : 'no_match';
}

function toLookUpHit({ listId, listName, entry, reference, distance, disposition }: Hit): LookUpHit {
  return { listId, listName, entry, ...(reference === undefined ? {} : { reference }), distance, disposition };
}
