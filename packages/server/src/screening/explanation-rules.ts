/** A verdict in sentences, for the operator. They name lists and entries, so they never go to the uploader or into callbacks. Pure. */
import type { Hit } from '../lists/index.ts';
import type { Verdict } from './rules.ts';
import type { ErrorReason, Media, UnscannableReason } from './schema.ts';

export interface Explained {
  readonly verdict: Verdict;
  readonly hits: readonly Hit[];
  readonly hitCount: number;
  readonly media: Media | undefined;
  readonly quality: number | undefined;
  readonly listSetVersion: number;
}

/** How the upload must be turned to look like the entry; the words of `ORIENTATIONS` of @gatehouse/pdq. */
const TURNS: Readonly<Record<string, string>> = {
  rot90: 'turned by 90 degrees anticlockwise',
  rot180: 'turned by 180 degrees',
  rot270: 'turned by 90 degrees clockwise',
  flipX: 'mirrored top to bottom',
  flipY: 'mirrored left to right',
  transpose: 'mirrored about the diagonal from top left to bottom right',
  antitranspose: 'mirrored about the diagonal from top right to bottom left',
};

const RENDERINGS: Readonly<Record<string, string>> = {
  white: 'transparent parts shown on white',
  black: 'transparent parts shown on black',
  dropped: 'transparency ignored',
};

const DIGEST_NAMES: Readonly<Record<string, string>> = { md5: 'MD5', sha1: 'SHA-1', sha256: 'SHA-256' };

const UNSCANNABLE: Readonly<Record<UnscannableReason, (explained: Explained) => string>> = {
  empty: () => 'The file is empty: there is nothing to compare.',
  unsupported_type: ({ media }) => `Its type, ${media?.type ?? 'unknown'}, cannot be decoded here, so only its digests were compared; they are on no list.`,
  undecodable: ({ media }) => `It begins like ${media?.type ?? 'a known type'} but cannot be decoded, so only its digests were compared; they are on no list.`,
  truncated: ({ media }) =>
    `The ${media?.type ?? 'file'} ends early or is damaged. Its digests and what could be decoded are on no list; the rest could not be compared.`,
  too_many_pixels: () =>
    'It has more pixels, over all its frames, than GATEHOUSE_DECODE_MAX_PIXELS allows, so only its digests were compared; they are on no list.',
  too_many_frames: () => 'It has more frames than GATEHOUSE_DECODE_MAX_FRAMES allows, so only its digests were compared; they are on no list.',
  encrypted: () => 'It is encrypted, so only its digests were compared; they are on no list.',
  decoder_crashed: () => 'The decoder crashed on it, twice, so only its digests were compared; they are on no list.',
  decoder_timeout: () => 'Decoding took longer than GATEHOUSE_DECODE_TIMEOUT_MS allows, so only its digests were compared; they are on no list.',
  decoder_out_of_memory: () => 'Decoding took more memory than GATEHOUSE_DECODE_MEMORY_MIB allows, so only its digests were compared; they are on no list.',
  no_reliable_perceptual_hash: ({ quality }) =>
    `There is no reliable perceptual hash: the picture is too plain (quality ${quality ?? 0} of 100, below the floor of a list). Its digests are on no list.`,
};

const ERROR: Readonly<Record<ErrorReason, string>> = {
  no_lists: 'No list is active, so nothing can be cleared. Import a list, or set GATEHOUSE_REQUIRE_LISTS=false for a trial.',
  lists_stale: 'This node has not heard of list changes for too long, so its lists may be out of date. It tries again by itself.',
  lists_loading: 'The lists are still being loaded. Try again in a moment.',
  queue_full: 'Too much is waiting to be screened. Try again later.',
  stopping: 'The service is stopping. Try again later.',
  cancelled: 'The request was cancelled before there was an answer.',
  storage: 'The stored content could not be read. Check the data directory with `gatehouse doctor`.',
  decoder_unavailable: 'No decoder process could be started. `gatehouse doctor` says why.',
  stub_with_lists: 'Stub mode is on and a list is active that is not the demonstration, so no answer is given. Remove GATEHOUSE_STUB_MODE and start again.',
  internal: 'An unexpected fault; the log has the details. Try again.',
};

export function explain(explained: Explained): string {
  const { verdict } = explained;
  switch (verdict.verdict) {
    case 'match':
      return explainMatch(explained);
    case 'unscannable':
      return UNSCANNABLE[verdict.reason](explained);
    case 'error':
      return ERROR[verdict.reason];
    case 'clear':
      return explainClear(explained);
  }
}

function explainMatch({ hits, hitCount }: Explained): string {
  const [first] = hits;
  const more = hitCount - 1;
  const others = more <= 0 ? '' : more === 1 ? ' One more entry matches.' : ` ${more} more entries match.`;
  return `${first === undefined ? 'An entry matches.' : explainHit(first)}${others}`;
}

/** One hit as a sentence. */
export function explainHit(hit: Hit): string {
  const entry = `Entry ${hit.entry} of the list “${hit.listName}”`;
  if (hit.signal !== 'pdq') return `${entry} has the same ${DIGEST_NAMES[hit.signal] ?? hit.signal} digest: the files are identical.`;
  const details = [
    hit.orientation === 'original' ? undefined : (TURNS[hit.orientation ?? ''] ?? hit.orientation),
    RENDERINGS[hit.rendering ?? ''],
    hit.form === 'nearest512' ? 'shrunk to 512 x 512' : undefined,
  ].filter((detail) => detail !== undefined);
  const shown = details.length === 0 ? '' : `, ${details.join(', ')},`;
  return `${entry} looks the same: the PDQ hash of the picture${shown} differs in ${hit.distance} of 256 bits (quality ${hit.quality ?? 0} of 100).`;
}

function explainClear({ media, listSetVersion }: Explained): string {
  const frames = media?.frames ?? 1;
  const first = frames > 1 ? ` Only the first of its ${frames} frames was decoded.` : '';
  return `No entry of list set ${listSetVersion} matches its digests, or its PDQ hash in any of eight orientations.${first}`;
}
