/** Which release is in use. Pure. */
import { compareVersions } from './compare-rules.ts';
import type { ReleaseChoice } from './release-schema.ts';

export interface Candidate {
  readonly version: string;
  readonly digest: string;
}

/** The newest; of one version with two contents (made while it was not yet handed out) the one that comes first. */
export function findNewest<C extends Candidate>(candidates: readonly C[]): C | undefined {
  return candidates.reduce<C | undefined>((best, one) => (best === undefined || compareVersions(one.version, best.version) > 0 ? one : best), undefined);
}

/** The newest, unless a person chose an older one on purpose and it is still there. */
export function chooseRelease<C extends Candidate>(candidates: readonly C[], last: ReleaseChoice | undefined): C | undefined {
  const kept = last?.isHeldBack === true ? candidates.find(({ digest }) => digest === last.digest) : undefined;
  return kept ?? findNewest(candidates);
}
